//! The table of all settings. A test holds README, `wrangler.toml` and `template.yaml` to it.

/// One `JETON_*` variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// Its value where it is not set; empty where there is none.
    pub default: &'static str,
    /// The hosts that read it: `all`, or one of `serve`, `worker`, `lambda`.
    pub host: &'static str,
    /// What it is, for `--help` and the README.
    pub about: &'static str,
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    all(
        "JETON_ISSUER",
        "",
        "Issuer identifier: the https URL clients know the service by, to the character",
    ),
    all(
        "JETON_PROXY_STRIPS",
        "",
        "The beginning of the issuer's path that a proxy in front takes off requests, such as /auth; browsers keep to the whole path",
    ),
    all(
        "JETON_SECRET",
        "",
        "Secret all keys are derived from (`jeton keys new`, or 43 characters or more that are plainly random); several, separated by spaces, while changing: the first signs, all verify",
    ),
    all(
        "JETON_PAIRWISE_SALT",
        "",
        "Secret that pairwise subjects are made of, one like JETON_SECRET and another than it. It never changes: with another, every pairwise client takes all its people for new ones",
    ),
    all(
        "JETON_SIGNING_ALGS",
        "ES256",
        "Signing algorithms, separated by spaces; the first is the default. ES256, EdDSA, and RS256 with a supplied key",
    ),
    all(
        "JETON_SIGNING_JWKS",
        "",
        "JWK Set of private keys to sign with instead of derived ones; a key is published by its `kid`, else by its thumbprint",
    ),
    all(
        "JETON_KEY_SERIAL",
        "0",
        "Raise by one to retire all derived signing keys at once",
    ),
    all(
        "JETON_CLIENTS",
        "[]",
        "JSON array of clients (RFC 7591 metadata), or on native hosts @file",
    ),
    all(
        "JETON_APIS",
        "[]",
        "JSON array of APIs: their scopes, and what their tokens are like; or on native hosts @file",
    ),
    all(
        "JETON_REGISTRATION",
        "",
        "What clients have that anybody may register (RFC 7591), as a JSON object; {} for people's logins alone. Without it whoever registers a client needs an access token with the scope jeton:register",
    ),
    all(
        "JETON_TRUST",
        "[]",
        "JSON array of trust documents: whose tokens stand for which clients; or on native hosts @file",
    ),
    all(
        "JETON_ACCESS_TOKEN_LIFETIME",
        "3600",
        "Lifetime of access tokens in seconds, up to 29 days, where the client has none of its own",
    ),
    all(
        "JETON_REGISTRY_MAX_AGE",
        "60",
        "Seconds a registered client may be answered from memory, up to a day; 0 reads the store each time",
    ),
    all(
        "JETON_UNREGISTERED_SCOPES",
        "refuse",
        "Whether scopes that a client asks for and is not registered for are an error (refuse), or left out as OpenID Connect Core 3.1.2.1 says (ignore)",
    ),
    all(
        "JETON_LOGIN",
        "",
        "JSON object: people log in here, with accounts that they have elsewhere; or on native hosts @file",
    ),
    all(
        "JETON_LOGIN_URL",
        "",
        "Where people log in, if not here: the login application's address. Without either there is no authorization endpoint",
    ),
    all(
        "JETON_LOGOUT_URL",
        "",
        "Where the login application ends its own session",
    ),
    all(
        "JETON_GRANTS_NOT_BEFORE",
        "0",
        "Ends every grant opened before this time (seconds since 1970), as after restoring a backup",
    ),
    all(
        "JETON_DEVELOPMENT",
        "false",
        "Accept an http issuer, weak client secrets and keys that everyone has; only with an http issuer, or one of this machine",
    ),
    Setting {
        name: "JETON_HOST",
        default: "localhost",
        host: "serve",
        about: "Address to listen on; `localhost` is this machine, by IPv4 and IPv6",
    },
    Setting {
        name: "JETON_PORT",
        default: "8080",
        host: "serve",
        about: "Port to listen on; where it is not set, PORT counts",
    },
    Setting {
        name: "JETON_DATA",
        default: "jeton.db",
        host: "serve",
        about: "SQLite file",
    },
    Setting {
        name: "JETON_TRUSTED_PROXIES",
        default: "",
        host: "serve",
        about: "Addresses and networks, separated by spaces, whose X-Forwarded-For tells the address of the client",
    },
    Setting {
        name: "JETON_TABLE",
        default: "",
        host: "lambda",
        about: "DynamoDB table; without it only the clients of JETON_CLIENTS are known",
    },
    Setting {
        name: "JETON_REGISTRY",
        default: "",
        host: "worker",
        about: "KV binding; without it only the clients of JETON_CLIENTS are known",
    },
    Setting {
        name: "JETON_AUTHORITY",
        default: "",
        host: "worker",
        about: "Durable Object binding; without it nothing is written to JETON_REGISTRY at run time, as logging out everywhere does",
    },
    Setting {
        name: "JETON_LEDGER",
        default: "",
        host: "worker",
        about: "Durable Object binding",
    },
];

const fn all(name: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting {
        name,
        default,
        host: "all",
        about,
    }
}
