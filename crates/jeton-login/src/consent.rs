//! Consent: that a person agrees to what an application asks for. It is remembered for each person, client
//! and scope, in a document of the person that is read as it stands.

use std::collections::{BTreeMap, BTreeSet};

use jeton::{
    ClientId, Document, Expected, Host, LONGEST_PERSONAL, Ledger, PersonalKey, Put, Seconds,
    Unavailable, UnixTime,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    application::{Answer, unreadable},
    asked::Asked,
    at::At,
    eligible::Eligible,
    login::{asked, go_on, send_back, turn_away},
    pages::{self, Answered},
    session::Session,
    stop::{Context, Stop, Stopped},
    view,
};

/// For how long consent is remembered after it was given.
const REMEMBERED: Seconds = Seconds::from_days(400);

/// To how many clients a person's consent is remembered; the oldest makes way for a further one.
const MOST: usize = 200;

/// How often a write is tried while others write the same document: tabs of one person.
const MOST_TRIES: usize = 5;

/// What a person agreed to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Consents {
    /// By client id.
    pub(crate) clients: BTreeMap<String, Consent>,
    /// Members that this release does not know.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// What a person agreed to at one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// What they were asked for.
    pub(crate) asked: String,
    /// What of it they gave.
    pub(crate) given: String,
    /// The claims by name that they were shown with it (OpenID Connect Core §5.5).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) claims: BTreeSet<String>,
    pub(crate) at: UnixTime,
}

impl Consents {
    /// Their JSON, without the oldest where there are too many for a document.
    fn written(&mut self) -> Result<String, Unavailable> {
        loop {
            let text = serde_json::to_string(self)
                .map_err(|_| Unavailable::new("consents", "they are no JSON"))?;
            if self.clients.len() <= MOST && text.len() <= LONGEST_PERSONAL {
                return Ok(text);
            }
            let oldest = self.clients.iter().min_by_key(|(_, it)| it.at);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return Err(Unavailable::new("consents", "they are too long"));
            };
            self.clients.remove(&oldest);
        }
    }
}

/// Where a request stands with a person's consent.
pub(crate) enum Standing {
    /// They agreed, to this part of the scope; `None`: to all.
    Given(Option<String>),
    /// They agreed to something once, and not to this.
    Known,
    /// They agreed to nothing.
    Unknown,
}

/// Whether the person has to be asked.
pub(crate) async fn standing<H: Host>(
    at: &At<'_, H>,
    eligible: Eligible<'_>,
    asked: &Asked,
) -> Result<Standing, Unavailable> {
    // Of a device it shows only after the login what it asks for, on the page that shows its code.
    let Some(client) = &asked.client_id else {
        return Ok(Standing::Given(None));
    };
    // Each time: whoever passes for the application has not been agreed to (RFC 8252 §8.6), though it were
    // the operator's own. On a machine of development no application has https.
    if asked.identity_assured == Some(false) && at.server.config().issuer().is_https() {
        return Ok(Standing::Unknown);
    }
    if asked.first_party && !asked.prompts("consent") {
        return Ok(Standing::Given(None));
    }
    let (consents, _) = read(at, &eligible.session().subject).await?;
    let consent = consents.clients.get(client.as_str());
    let Some(consent) = consent.filter(|it| it.at + REMEMBERED > at.now()) else {
        return Ok(Standing::Unknown);
    };
    if asked.prompts("consent") || !consent.covers(asked) {
        return Ok(Standing::Known);
    }
    Ok(Standing::Given(Some(consent.given_of(asked))))
}

impl Consent {
    /// This one, with what was agreed to `before` and was not asked for again.
    fn after(mut self, before: Option<&Self>) -> Self {
        let Some(before) = before else {
            return self;
        };
        let was_asked_again = |token: &str| has(&self.asked, token);
        let asked = tokens(&before.asked).filter(|token| !was_asked_again(token));
        let given = tokens(&before.given).filter(|token| !was_asked_again(token));
        let (asked, given): (Vec<_>, Vec<_>) = (asked.collect(), given.collect());
        self.given = joined(given.into_iter().chain(tokens(&self.given)));
        self.asked = joined(asked.into_iter().chain(tokens(&self.asked)));
        self.claims.extend(before.claims.iter().cloned());
        self
    }

    fn covers(&self, asked: &Asked) -> bool {
        let mut claims = asked.claims_by_name().into_iter();
        if !claims.all(|claim| self.claims.contains(claim)) {
            return false;
        }
        asked.scope_tokens().all(|token| has(&self.asked, token))
            && asked.scope_tokens().any(|token| has(&self.given, token))
            || asked.scope_tokens().next().is_none()
    }

    fn given_of(&self, asked: &Asked) -> String {
        let given: Vec<_> = asked
            .scope_tokens()
            .filter(|token| has(&self.given, token))
            .collect();
        given.join(" ")
    }
}

fn tokens(scope: &str) -> impl Iterator<Item = &str> {
    scope.split(' ').filter(|token| !token.is_empty())
}

fn joined<'a>(tokens: impl Iterator<Item = &'a str>) -> String {
    tokens.collect::<Vec<_>>().join(" ")
}

fn has(scope: &str, token: &str) -> bool {
    tokens(scope).any(|own| own == token)
}

fn key_of(subject: &str) -> PersonalKey {
    PersonalKey::new("consents", subject)
}

/// What a person agreed to, and the document that says so.
pub(crate) async fn read<H: Host>(
    at: &At<'_, H>,
    subject: &str,
) -> Result<(Consents, Option<Document>), Unavailable> {
    let Some(ledger) = at.server.ledger() else {
        return Ok((Consents::default(), None));
    };
    let document = ledger.personal(&key_of(subject), at.now()).await?;
    let consents = match &document {
        // One that cannot be read is as if they had not been asked.
        Some(document) => serde_json::from_str(document.as_str()).unwrap_or_default(),
        None => Consents::default(),
    };
    Ok((consents, document))
}

/// Changes what a person agreed to. A write that races is tried again upon what the other has written.
pub(crate) async fn change<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    change: impl Fn(&mut Consents),
) -> Result<(), Unavailable> {
    let Some(ledger) = at.server.ledger() else {
        return Ok(());
    };
    for _ in 0..MOST_TRIES {
        let (mut consents, standing) = read(at, subject).await?;
        change(&mut consents);
        let text = consents.written()?;
        let expected = match &standing {
            Some(document) => Expected::Version(document.version()),
            None => Expected::Absent,
        };
        let (document, until) = (Document::new(text), at.now() + REMEMBERED);
        let put = ledger
            .put_personal(
                &key_of(subject),
                Some(&document),
                &expected,
                until,
                at.now(),
            )
            .await?;
        if put == Put::Done {
            return Ok(());
        }
    }
    Err(Unavailable::new(
        "consents",
        "others write them all the time",
    ))
}

/// The page that asks.
pub(crate) fn page<H: Host>(
    at: &At<'_, H>,
    request: &str,
    asked: &Asked,
    eligible: Eligible<'_>,
    answered: Answered,
) -> Answer {
    let session = eligible.session();
    let Some(application) = view::application(asked) else {
        return Stop::Damaged.at_once(at);
    };
    let scopes = view::scopes(asked);
    let page = view::pages(at, at.language(asked.ui_locales.as_deref())).consent(&pages::Consent {
        request,
        form_key: session.form_key(),
        application,
        who: view::who(&at.app.settings, session),
        groups: &view::groups(&scopes),
        claims: &asked.claims_by_name(),
        answered,
    });
    page.into()
}

/// `POST /login/consent`: what the person decided.
pub(crate) async fn decide<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let request = parameters.get("request").ok_or_else(unreadable)?;
    let asked = asked(at, request).await?;
    let context = Context::of(request, &asked);
    let session = Session::find(at)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    let session = session.ok_or_else(|| context.stopped(Stop::SessionEnded))?;
    let key = parameters.get("form_key").unwrap_or_default();
    if !session.has_form_key(key) || !at.is_from_our_page() {
        return Err(context.stopped(Stop::SessionEnded));
    }
    if parameters.get("consent") != Some("allow") {
        return send_back(at, request, "access_denied").await;
    }
    let Some(client) = &asked.client_id else {
        return Err(unreadable());
    };
    // The page may have waited, or was never shown.
    let eligible = match Eligible::check(at, request, &asked, Some(&session)) {
        Ok(eligible) => eligible,
        Err(why) => return turn_away(at, request, &asked, why).await,
    };
    let given: Vec<_> = asked
        .scope_tokens()
        .filter(|token| parameters.all("scope").any(|given| given == *token))
        .collect();
    let given = given.join(" ");
    if given.is_empty() && asked.scope_tokens().next().is_some() {
        return Ok(page(at, request, &asked, eligible, Answered::WithNothing));
    }
    let consent = Consent {
        asked: asked.scope.clone().unwrap_or_default(),
        given: given.clone(),
        claims: asked
            .claims_by_name()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        at: at.now(),
    };
    remember(at, &session.subject, client, &consent)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    let scope = Some(given.as_str()).filter(|given| !given.is_empty());
    go_on(at, request, &asked, eligible, scope).await
}

async fn remember<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    client: &ClientId,
    consent: &Consent,
) -> Result<(), Unavailable> {
    change(at, subject, |consents| {
        let before = consents.clients.remove(client.as_str());
        let consent = consent.clone().after(before.as_ref());
        consents.clients.insert(client.as_str().to_owned(), consent);
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{Consent, Consents, LONGEST_PERSONAL, MOST, UnixTime};

    fn consent(asked: &str, given: &str, claims: &[&str], at: u64) -> Consent {
        Consent {
            asked: asked.to_owned(),
            given: given.to_owned(),
            claims: claims.iter().map(|&claim| claim.to_owned()).collect(),
            at: UnixTime(at),
        }
    }

    #[test]
    fn what_was_agreed_to_before_stands_unless_it_was_asked_for_again() {
        let before = consent("openid read write", "openid read write", &["email"], 1);
        let cases = [
            (
                consent("openid admin", "openid", &["name"], 2),
                "read write openid",
            ),
            (consent("openid write", "openid", &[], 2), "read openid"),
            (consent("openid read write", "write", &[], 2), "write"),
        ];
        for (new, given) in cases {
            let merged = new.clone().after(Some(&before));
            assert_eq!(merged.given, given);
            for token in ["openid", "read", "write"] {
                assert!(super::has(&merged.asked, token), "{}", merged.asked);
            }
            assert!(merged.claims.contains("email"));
            assert!(new.claims.is_subset(&merged.claims));
            assert_eq!(merged.at, UnixTime(2));
        }
        let first = consent("openid", "openid", &[], 1);
        assert_eq!(first.clone().after(None), first);
    }

    #[test]
    fn the_oldest_make_way() {
        let mut consents = Consents::default();
        for number in 0..=MOST as u64 {
            let consent = consent("openid", "openid", &[], number);
            consents.clients.insert(format!("client-{number}"), consent);
        }
        assert!(consents.written().unwrap().len() < LONGEST_PERSONAL);
        assert_eq!(consents.clients.len(), MOST);
        assert!(!consents.clients.contains_key("client-0"));

        let long = "x".repeat(1000);
        for consent in consents.clients.values_mut() {
            consent.asked.clone_from(&long);
        }
        assert!(consents.written().unwrap().len() <= LONGEST_PERSONAL);
        assert!(consents.clients.contains_key(&format!("client-{MOST}")));
        assert!(!consents.clients.contains_key("client-1"));
    }
}
