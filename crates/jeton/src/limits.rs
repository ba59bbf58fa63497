//! The table of limits on what strangers may send, keep or try. A test holds README to it.

use crate::{
    arrival::{BODY_TIMEOUT, BUDGET},
    claims::{
        DEEPEST, LONGEST_ACR, LONGEST_AMR, LONGEST_CLAIMS, LONGEST_TOKEN_CLAIMS,
        MOST_REQUESTED_CLAIMS,
    },
    client::MOST_VALUES,
    delegation::{MOST_ACTORS, MOST_EXCHANGES},
    endpoint::{
        authorize::{
            handoff::LONGEST_SUBJECT,
            validate::{LONGEST_VALUE, MOST_PROMPTS},
        },
        device::limits::{
            DEVICES_OF_CONFIDENTIAL_CLIENT, DEVICES_OF_PUBLIC_CLIENT, DEVICES_WITHOUT_ADDRESS,
            WRONG_CODES_OF_NETWORK, WRONG_CODES_OF_SUBJECT, WRONG_CODES_WHERE_GUESSED,
        },
    },
    jose::LONGEST_JWT,
    parameters::{BODY_LIMIT, LONGEST_POSTED, MOST_AUDIENCES, MOST_PARAMETERS},
    scope::MOST_SCOPE_TOKENS,
    seal::LONGEST_REQUEST,
    trust::{MOST_CONDITIONS, MOST_RULES},
};

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub what: &'static str,
    /// The most that is let through.
    pub most: u64,
    /// Of what: `bytes`, `seconds`; empty where `what` says it.
    pub unit: &'static str,
    /// The answer to whatever exceeds it.
    pub answer: &'static str,
    /// The file of the test that shows it, from the root of the repository.
    pub file: &'static str,
    /// The name of that test, or the part of its name that does not change.
    pub test: &'static str,
}

const ROWS: &str = "tests/suite/rows/limits.mjs";
const HANDOFF: &str = "tests/suite/rows/handoff.mjs";
const CLAIMS: &str = "tests/suite/rows/claims.mjs";
const DEVICE: &str = "crates/jeton-contracts/tests/device.rs";

/// The limits that hold on every host.
pub const LIMITS: &[Limit] = &[
    Limit {
        what: "body of a request, or its query",
        most: BODY_LIMIT as u64,
        unit: "bytes",
        answer: "413 `invalid_request`; of a long query perhaps 414 by the host",
        file: "tests/suite/rows/token-errors.mjs",
        test: "RFC 9110 §15.5.14: a body over 64 KiB: 413",
    },
    Limit {
        what: "waiting for the body of a request",
        most: BODY_TIMEOUT.0,
        unit: "seconds",
        answer: "408 `invalid_request`",
        file: "tests/suite/rows/waiting.mjs",
        test: "RFC 9110 §15.5.9: a body that does not come within ten seconds: 408",
    },
    Limit {
        what: "parameters of one form or query, with repeated and empty ones",
        most: MOST_PARAMETERS as u64,
        unit: "",
        answer: "`invalid_request`",
        file: ROWS,
        test: "limits: parameters",
    },
    Limit {
        what: "tokens of one `scope`, with repeats",
        most: MOST_SCOPE_TOKENS as u64,
        unit: "",
        answer: "`invalid_scope`",
        file: ROWS,
        test: "limits: scope tokens, repeats counted",
    },
    Limit {
        what: "`resource` and `audience` of one request together, with repeats",
        most: MOST_AUDIENCES as u64,
        unit: "",
        answer: "`invalid_target`",
        file: ROWS,
        test: "limits: resources and audiences, repeats counted",
    },
    Limit {
        what: "values of `prompt`, with repeats",
        most: MOST_PROMPTS as u64,
        unit: "",
        answer: "`invalid_request`",
        file: ROWS,
        test: "prompt: as many values as there are, repeats counted",
    },
    Limit {
        what: "each of `state` (also of a logout), `nonce`, `login_hint`, `ui_locales`, `acr_values`, `claims`, `claims_locales`",
        most: LONGEST_VALUE as u64,
        unit: "bytes",
        answer: "`invalid_request`, without a `state` of more than 4096",
        file: ROWS,
        test: "at most 2,048 bytes, whatever is in it",
    },
    Limit {
        what: "an authorization request on its way to the login application, as JSON",
        most: LONGEST_REQUEST as u64,
        unit: "bytes",
        answer: "`invalid_request`",
        file: ROWS,
        test: "an authorization request: at most 4,096 bytes travel on",
    },
    Limit {
        what: "an authorization request that is posted without a cookie of ours",
        most: LONGEST_POSTED as u64,
        unit: "bytes",
        answer: "`invalid_request`",
        file: ROWS,
        test: "a form without a cookie: at most 8,000 bytes go on as a query",
    },
    Limit {
        what: "`subject` that a login application names, as JSON",
        most: LONGEST_SUBJECT as u64,
        unit: "bytes",
        answer: "`invalid_request`",
        file: HANDOFF,
        test: "a subject of 256 bytes",
    },
    Limit {
        what: "`claims` that a login application gives, as sent and as kept",
        most: LONGEST_CLAIMS as u64,
        unit: "bytes",
        answer: "`invalid_request`",
        file: HANDOFF,
        test: "claims over 32 kB",
    },
    Limit {
        what: "claims about a person, or a client, in one token",
        most: LONGEST_TOKEN_CLAIMS as u64,
        unit: "bytes",
        answer: "`invalid_request` where the login is accepted; the record is refused",
        file: CLAIMS,
        test: "more than 4 kB for the",
    },
    Limit {
        what: "`acr` that a login application gives",
        most: LONGEST_ACR as u64,
        unit: "bytes",
        answer: "`invalid_request`",
        file: "crates/jeton/src/claims.rs",
        test: "how_long_each_may_be",
    },
    Limit {
        what: "`amr` that a login application gives, as JSON",
        most: LONGEST_AMR as u64,
        unit: "bytes",
        answer: "`invalid_request`",
        file: "crates/jeton/src/claims.rs",
        test: "how_long_each_may_be",
    },
    Limit {
        what: "objects and arrays within each other, in `claims` of a request or a login",
        most: DEEPEST as u64,
        unit: "",
        answer: "`invalid_request`",
        file: CLAIMS,
        test: "nested 33 deep",
    },
    Limit {
        what: "claims that a request asks for by `claims`",
        most: MOST_REQUESTED_CLAIMS as u64,
        unit: "",
        answer: "`invalid_request`",
        file: CLAIMS,
        test: "more than a hundred claims",
    },
    Limit {
        what: "actors in the `act` of a token that is exchanged, the one who acts now included",
        most: MOST_ACTORS as u64,
        unit: "",
        answer: "`invalid_request`",
        file: "tests/suite/rows/token-exchange.mjs",
        test: "a fifth actor",
    },
    Limit {
        what: "exchanges that a token comes of",
        most: MOST_EXCHANGES as u64,
        unit: "",
        answer: "`invalid_request`",
        file: "tests/suite/rows/token-exchange.mjs",
        test: "a token comes of five exchanges at most",
    },
    Limit {
        what: "a JWT that is read",
        most: LONGEST_JWT as u64,
        unit: "bytes",
        answer: "it is no token",
        file: "crates/jeton-contracts/tests/jwt.rs",
        test: "LONGEST_JWT",
    },
    Limit {
        what: "values in each list of a client's record",
        most: MOST_VALUES as u64,
        unit: "",
        answer: "the record is refused",
        file: "crates/jeton/src/client/record/tests.rs",
        test: "no_list_of_a_record_grows_without_bound",
    },
    Limit {
        what: "rules of one trusted issuer",
        most: MOST_RULES as u64,
        unit: "",
        answer: "the document is refused",
        file: "crates/jeton/src/trust/record/tests.rs",
        test: "no_document_grows_without_bound",
    },
    Limit {
        what: "conditions of one rule, values of one condition, and `audiences` of one rule",
        most: MOST_CONDITIONS as u64,
        unit: "",
        answer: "the document is refused",
        file: "crates/jeton/src/trust/record/tests.rs",
        test: "no_document_grows_without_bound",
    },
    Limit {
        what: "wrong user codes of one subject in ten minutes",
        most: WRONG_CODES_OF_SUBJECT as u64,
        unit: "",
        answer: "429, a page",
        file: "tests/suite/rows/device.mjs",
        test: "RFC 8628 §5.1: after ten wrong codes of one subject: 429, and others go on",
    },
    Limit {
        what: "wrong user codes from one network in ten minutes, before each subject there has fewer",
        most: WRONG_CODES_OF_NETWORK as u64,
        unit: "",
        answer: "the next row",
        file: DEVICE,
        test: "who_guesses_stops_nobody_else",
    },
    Limit {
        what: "wrong user codes of one subject in such a network",
        most: WRONG_CODES_WHERE_GUESSED as u64,
        unit: "",
        answer: "429, a page",
        file: DEVICE,
        test: "who_guesses_stops_nobody_else",
    },
    Limit {
        what: "devices that a public client begins in one network in ten minutes",
        most: DEVICES_OF_PUBLIC_CLIENT as u64,
        unit: "",
        answer: "429 `temporarily_unavailable`, `Retry-After: 60`",
        file: DEVICE,
        test: "devices_are_limited_for_a_client_in_a_network",
    },
    Limit {
        what: "devices that a public client begins where the address is unknown",
        most: DEVICES_WITHOUT_ADDRESS as u64,
        unit: "",
        answer: "the same",
        file: DEVICE,
        test: "devices_are_limited_for_a_client_in_a_network",
    },
    Limit {
        what: "devices that a client which has authenticated begins in one network",
        most: DEVICES_OF_CONFIDENTIAL_CLIENT as u64,
        unit: "",
        answer: "the same",
        file: DEVICE,
        test: "devices_are_limited_for_a_client_in_a_network",
    },
    Limit {
        what: "waiting for stores, all calls of one request together",
        most: BUDGET.0,
        unit: "seconds",
        answer: "503 `temporarily_unavailable`, `Retry-After: 1`",
        file: "tests/suite/rows/slow-stores.mjs",
        test: "several calls that are slow one after the other have four seconds in all",
    },
];
