//! Consent: that a person agrees to what an application asks for. It is remembered for each person, client,
//! audience and scope, in a document of the person that is read as it stands.

use std::collections::BTreeSet;

use jeton::{
    ClientId, Document, Expected, Host, Ledger, PersonalKey, Put, Scope, Unavailable, json,
};

use crate::{
    application::{Answer, unreadable},
    asked::Asked,
    at::At,
    eligible::Eligible,
    login::{asked, go_on, send_back, turn_away},
    pages::{self, Answered, Before},
    rejection::Rejection,
    session::Session,
    sorted::{inserted, sorted_by_key},
    stop::{Context, Stop, Stopped},
    view,
};

mod agreed;

use agreed::{Consent, REMEMBERED};
pub(crate) use agreed::{Consents, Remembered};

/// How often a write is tried while others write the same document: tabs of one person.
const MOST_TRIES: usize = 5;

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
) -> Result<Standing, Unavailable> {
    let asked = eligible.asked();
    // Of a device it shows only after the login what it asks for, on the page that shows its code.
    if asked.client_id.is_none() {
        return Ok(Standing::Given(None));
    }
    if is_anybody(at, asked) {
        return Ok(Standing::Unknown);
    }
    if asked.first_party && !asked.prompts("consent") {
        return Ok(Standing::Given(None));
    }
    let (consents, _) = read(at, &eligible.session().subject).await?;
    let Some(consent) = consents.of(asked, at.now()) else {
        return Ok(Standing::Unknown);
    };
    let given = match consent.answers(asked, at.server.config().issuer().as_str()) {
        Some(given) if !asked.prompts("consent") => given,
        _ => return Ok(Standing::Known),
    };
    Ok(Standing::Given(text_of(&given)))
}

/// Whether another could pass for the application: it is asked about each time, though it were the operator's
/// own, because whoever passes for it has not been agreed to (RFC 8252 §8.6). On a machine of development no
/// application has https.
fn is_anybody<H: Host>(at: &At<'_, H>, asked: &Asked) -> bool {
    asked.identity_assured == Some(false) && at.server.config().issuer().is_https()
}

/// A scope that the server is told; `None`: there is nothing of it to be narrowed.
fn text_of(given: &Scope) -> Option<String> {
    Some(given.to_string()).filter(|given| !given.is_empty())
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
        Some(document) => json::read(document.as_str()).unwrap_or_default(),
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

/// The clients at which a person's consent is remembered, the newest first.
pub(crate) async fn remembered<H: Host>(
    at: &At<'_, H>,
    subject: &str,
) -> Result<Vec<Remembered>, Unavailable> {
    let (consents, _) = read(at, subject).await?;
    let remembered: Vec<_> = consents.remembered(at.now()).collect();
    Ok(sorted_by_key(remembered, |it| u64::MAX - it.at.0))
}

/// The page that asks. What was declined before is to be chosen anew, and what was agreed to is marked.
pub(crate) async fn page<H: Host>(
    at: &At<'_, H>,
    eligible: Eligible<'_>,
    answered: Answered,
) -> Result<Answer, Stopped> {
    let (asked, session) = (eligible.asked(), eligible.session());
    let application = view::application(asked).ok_or(Stop::Damaged)?;
    let consents = read(at, &session.subject).await;
    let (consents, _) =
        consents.map_err(|_| Context::of(eligible.request(), asked).stopped(Stop::Store))?;
    let consent = consents.of(asked, at.now());
    let issuer = at.server.config().issuer().as_str();
    let before = |token: &str| match consent.map(|it| it.said_of(token, asked, issuer)) {
        Some(Before::Allowed) if is_anybody(at, asked) => Before::Nothing,
        said => said.unwrap_or(Before::Nothing),
    };
    let scopes = view::scopes(asked, before);
    let page = view::pages(at, at.language(asked.ui_locales.as_deref())).consent(&pages::Consent {
        request: eligible.request(),
        form_key: session.form_key(),
        application,
        who: view::who(&at.app.settings, session),
        groups: &view::groups(&scopes),
        others: &view::other_audiences(asked, issuer),
        claims: &asked.claims_by_name(),
        answered,
    });
    Ok(page.into())
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
        return send_back(at, request, Rejection::SaidNo).await;
    }
    let Some(client) = &asked.client_id else {
        return Err(unreadable());
    };
    // The page may have waited, or was never shown.
    let eligible = match Eligible::check(at, request, &asked, Some(&session)) {
        Ok(eligible) => eligible,
        Err(why) => return turn_away(at, request, &asked, why).await,
    };
    let sent: BTreeSet<_> = inserted(parameters.all("scope"));
    let wanted = asked.scope_asked();
    let left: Vec<_> = wanted.iter().filter(|token| sent.contains(token)).collect();
    let given: Scope = left.join(" ").parse().map_err(|_| unreadable())?;
    if given.is_empty() && !wanted.is_empty() {
        return page(at, eligible, Answered::WithNothing).await;
    }
    let issuer = at.server.config().issuer().as_str();
    let consent = Consent::to(&asked, &given, issuer, at.now());
    remember(at, &session.subject, client, &consent)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    go_on(at, eligible, text_of(&given).as_deref()).await
}

async fn remember<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    client: &ClientId,
    consent: &Consent,
) -> Result<(), Unavailable> {
    change(at, subject, |consents| {
        consents.remember(client.as_str(), consent);
    })
    .await
}
