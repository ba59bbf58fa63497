//! Tokens of trusted issuers: for which of our clients one stands, by the rules of its issuer. The same
//! for a client assertion, an assertion as a grant and a token to exchange.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    assertion::{ASSERTION_TYPES, SingleUse, check_times, check_typ, text},
    audit::Audit,
    client::{Client, SubjectType},
    host::Host,
    jose::UnverifiedJwt,
    management_scope::is_privilege,
    refusal::{AssertionFault, NotAccepted},
    request::At,
    time::{Seconds, UnixTime},
    trust::{Rule, Subject, TrustedIssuer, hashed_subject, trust_domain_of},
};

mod examination;

pub use examination::{Examination, Examiner, Signature};

/// How far ahead the `exp` of a platform's token may be. Some are made for as long as a job may run.
pub(crate) const LONGEST_LIFETIME: Seconds = Seconds::from_days(1);

/// Claims that a token cannot have here. The first two bind what is issued for it to what is not supported
/// (RFC 7800, RFC 9396): ignored, what was bound would come loose. The third is that of events, as of a
/// logout token (RFC 8417 §2.2).
const BINDING: [&str; 3] = ["cnf", "authorization_details", "events"];

/// Claims that say who acts and who may (RFC 8693 §4.1, §4.4). An assertion cannot have them: the token
/// that is issued for it would not.
const ACTORS: [&str; 2] = ["act", "may_act"];

/// What a token of a trusted issuer is presented as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An assertion, or a subject or actor token that is any JWT.
    Jwt,
    /// A client assertion that is a JWT-SVID. Its trust domain is its issuer.
    JwtSvid,
    /// A subject or actor token that is an access token (RFC 8693 §3).
    AccessToken,
}

/// For whom a token of a trusted issuer may stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum For<'a> {
    /// Whoever its rules say: all that are met must name one client.
    Anyone,
    /// The client of this id, which has proved nothing.
    Named(&'a str),
    /// The client that has authenticated.
    Authenticated(&'a Arc<Client>),
}

impl For<'_> {
    fn client_id(&self) -> Option<&str> {
        match self {
            Self::Anyone => None,
            Self::Named(id) => Some(id),
            Self::Authenticated(client) => Some(client.id.as_str()),
        }
    }
}

/// What a token of a trusted issuer stands for.
#[derive(Debug)]
pub(crate) struct Vouched {
    /// The client, which has for this request no more than the rule lets it have, and tokens that live no
    /// longer than this one.
    pub(crate) client: Arc<Client>,
    /// The subject of what is issued; `None`: the client itself.
    pub(crate) subject: Option<String>,
    /// The claims of the token.
    pub(crate) claims: Map<String, Value>,
    /// Its issuer.
    pub(crate) issuer: String,
    /// Whether what is exchanged for it names nobody who acts.
    pub(crate) impersonation: bool,
    /// To be taken last, where the rule lets each token be used once.
    pub(crate) single_use: Option<SingleUse>,
}

impl Vouched {
    /// The same, of a token that is presented as an assertion.
    pub(crate) fn into_assertion(self) -> Result<Self, AssertionFault> {
        let mut names = ACTORS.into_iter();
        match names.find(|name| self.claims.contains_key(*name)) {
            None => Ok(self),
            Some(name) => Err(AssertionFault::Bound(name)),
        }
    }
}

/// What `jwt` stands for.
pub(crate) async fn vouch<H: Host>(
    at: &At<'_, H>,
    jwt: UnverifiedJwt<'_>,
    form: Form,
    whom: For<'_>,
    audit: &mut Audit,
) -> Result<Vouched, NotAccepted> {
    // What says nothing of whom we trust comes first, and may be told.
    text(jwt.claims(), "sub")?;
    check_binding(jwt.claims())?;
    let expires_at = check_expiry(jwt.claims(), at.now)?;
    let issuer = find_issuer(at, &jwt, form).await?;
    audit.trust_issuer = Some(issuer.issuer.clone());
    check_kind(&jwt, form, &issuer)?;
    check_subject(jwt.claims(), &issuer)?;
    let claims = at.issuer.verifier(at.now).of_issuer(jwt, &issuer).await?;
    let claims = claims.claims;
    let own_issuer = at.issuer.config().issuer().as_str();
    let rule = choose_rule(&issuer, &claims, own_issuer, whom.client_id(), audit)?;
    let client = match whom {
        // With what the rule lets it have by which it has authenticated, if one did.
        For::Authenticated(client) => Some(Arc::clone(client)),
        For::Anyone | For::Named(_) => at.issuer.clients().find(&rule.client_id, at.now).await?,
    };
    let client = client.filter(|client| client.may_be_vouched_for());
    let client = client.ok_or(AssertionFault::RuleClient)?;
    audit.client_id = Some(client.id.clone());
    let longest = at.issuer.access_token_lifetime(&client, &[]);
    let longest = longest.min(expires_at.since(at.now));
    let client = narrowed(&client, rule, longest, own_issuer)?;
    let single_use = if rule.single_use {
        Some(SingleUse::of(&issuer.issuer, &claims, expires_at)?)
    } else {
        None
    };
    let subject = match rule.subject {
        Subject::Client => None,
        // The same as of the person who logs in by way of that issuer.
        Subject::Hashed if client.subject_type != SubjectType::Public => {
            return Err(AssertionFault::RuleSubject.into());
        }
        Subject::Hashed => Some(hashed_subject(&issuer.issuer, text(&claims, "sub")?)),
    };
    Ok(Vouched {
        client: Arc::new(client),
        subject,
        issuer: issuer.issuer.clone(),
        impersonation: rule.impersonation,
        claims,
        single_use,
    })
}

/// The trusted issuer of the token. An SVID's is the trust domain in its `sub`, whatever its `iss` says
/// (JWT-SVID §3); any other JWT's is its `iss`, or the trust domain where that is not trusted itself.
async fn find_issuer<H: Host>(
    at: &At<'_, H>,
    jwt: &UnverifiedJwt<'_>,
    form: Form,
) -> Result<Arc<TrustedIssuer>, NotAccepted> {
    let iss = jwt.claims().get("iss").and_then(Value::as_str);
    if form != Form::JwtSvid && iss == Some(at.issuer.config().issuer().as_str()) {
        return Err(AssertionFault::OwnToken.into());
    }
    for name in names(jwt, form) {
        let found = at.issuer.trusted_issuers().find(name, at.now).await?;
        if let Some(issuer) = found {
            return if issuer.disabled {
                Err(AssertionFault::Issuer.into())
            } else {
                Ok(issuer)
            };
        }
    }
    Err(AssertionFault::Issuer.into())
}

/// What the token calls its issuer, first what counts.
fn names<'a>(jwt: &'a UnverifiedJwt<'_>, form: Form) -> impl Iterator<Item = &'a str> {
    let claim = |name| jwt.claims().get(name).and_then(Value::as_str);
    let iss = claim("iss").filter(|_| form != Form::JwtSvid);
    [iss, claim("sub").and_then(trust_domain_of)]
        .into_iter()
        .flatten()
}

/// Refuses the `typ` of another kind of JWT: an SVID's is `JWT` or `JOSE` (JWT-SVID §2.3).
fn check_kind(
    jwt: &UnverifiedJwt<'_>,
    form: Form,
    issuer: &TrustedIssuer,
) -> Result<(), AssertionFault> {
    match form {
        _ if issuer.is_trust_domain() => check_typ(jwt, &["JWT", "JOSE"]),
        Form::AccessToken => check_typ(jwt, &[&ASSERTION_TYPES[..], &["at+jwt"]].concat()),
        Form::Jwt | Form::JwtSvid => check_typ(jwt, &ASSERTION_TYPES),
    }
}

/// Refuses the workload of another trust domain than the one whose keys are asked.
fn check_subject(
    claims: &Map<String, Value>,
    issuer: &TrustedIssuer,
) -> Result<(), AssertionFault> {
    let subject = text(claims, "sub")?;
    if issuer.is_trust_domain() && trust_domain_of(subject) != Some(issuer.issuer.as_str()) {
        return Err(AssertionFault::Issuer);
    }
    Ok(())
}

fn check_binding(claims: &Map<String, Value>) -> Result<(), AssertionFault> {
    let mut names = BINDING.into_iter();
    match names.find(|name| claims.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(AssertionFault::Bound(name)),
    }
}

/// The `exp`, at which there is time left for a token: ours have no leeway.
fn check_expiry(claims: &Map<String, Value>, now: UnixTime) -> Result<UnixTime, AssertionFault> {
    let expires_at = check_times(claims, LONGEST_LIFETIME, now)?;
    if expires_at <= now {
        return Err(AssertionFault::Expired);
    }
    Ok(expires_at)
}

/// The rule that the claims meet, of the client `client_id` if one is named. The audit has the rule, or the
/// one that came closest and the condition it failed at.
fn choose_rule<'a>(
    issuer: &'a TrustedIssuer,
    claims: &Map<String, Value>,
    own_issuer: &str,
    client_id: Option<&str>,
    audit: &mut Audit,
) -> Result<&'a Rule, AssertionFault> {
    let candidates = issuer
        .rules
        .iter()
        .filter(|rule| client_id.is_none_or(|wanted| rule.client_id.as_str() == wanted));
    let mut chosen: Option<&Rule> = None;
    let mut closest = None;
    for rule in candidates {
        match unmet(rule, claims, own_issuer) {
            None => match chosen {
                None => chosen = Some(rule),
                Some(other) if other.client_id == rule.client_id => {}
                Some(_) => return Err(AssertionFault::SeveralClients),
            },
            Some(unmet) if closest.as_ref().is_none_or(|(best, _)| unmet.met > *best) => {
                closest = Some((unmet.met, (rule, unmet)));
            }
            Some(_) => {}
        }
    }
    if let Some(rule) = chosen {
        audit.trust_rule = Some(rule.name.clone());
        return Ok(rule);
    }
    let Some((_, (rule, unmet))) = closest else {
        return Err(AssertionFault::Rule);
    };
    audit.trust_rule = Some(rule.name.clone());
    audit.trust_condition = Some(unmet.what);
    Err(unmet.fault)
}

/// The first thing that a rule asks for and the claims are not.
struct Unmet {
    /// How much before it was met.
    met: usize,
    /// What it is, for the audit: of the rule, never of the claims.
    what: String,
    fault: AssertionFault,
}

fn unmet(rule: &Rule, claims: &Map<String, Value>, own_issuer: &str) -> Option<Unmet> {
    let audience = rule.audience.as_deref().unwrap_or(own_issuer);
    if !is_sole_audience(claims.get("aud"), audience) {
        return Some(Unmet {
            met: 0,
            what: "audience".to_owned(),
            fault: AssertionFault::Audience,
        });
    }
    let unmet = |met, what| Unmet {
        met,
        what,
        fault: AssertionFault::Rule,
    };
    let mut conditions = (1..).zip(&rule.conditions);
    if let Some((met, condition)) = conditions.find(|(_, it)| !it.is_met(claims)) {
        return Some(unmet(met, condition.to_string()));
    }
    // Last, so that the audit says of a token that would meet it why it does not.
    rule.disabled
        .then(|| unmet(rule.conditions.len() + 1, "disabled".to_owned()))
}

/// Whether `aud` is this audience and no other (RFC 7519 §4.1.3): platforms write an array of one.
fn is_sole_audience(aud: Option<&Value>, audience: &str) -> bool {
    match aud {
        Some(Value::String(only)) => only == audience,
        Some(Value::Array(several)) => {
            matches!(several.as_slice(), [Value::String(only)] if only == audience)
        }
        _ => false,
    }
}

/// The client with what the rule lets it have, and access tokens of at most `longest`.
fn narrowed(
    client: &Client,
    rule: &Rule,
    longest: Seconds,
    own_issuer: &str,
) -> Result<Client, AssertionFault> {
    // What a login application may do is no matter of scope.
    let has_ceiling = rule.scope.is_some() || rule.audiences.is_some();
    if client.login && (has_ceiling || rule.access_token_lifetime.is_some()) {
        return Err(AssertionFault::RuleClient);
    }
    let had_scope = !client.scope.is_empty();
    let mut client = client.clone();
    client.scope = match &rule.scope {
        Some(scope) => client.scope.within(scope),
        // Rights over this server a rule passes on only by name.
        None => client.scope.filtered(|token| !is_privilege(token)),
    };
    if let Some(audiences) = &rule.audiences {
        // With `openid` the issuer may always be named as audience.
        if !audiences.iter().any(|own| own == own_issuer) {
            client.scope = client.scope.except("openid");
        }
        if client.has_the_issuer() {
            client.audiences.push(own_issuer.to_owned());
        }
        client.audiences.retain(|own| audiences.contains(own));
        if client.audiences.is_empty() {
            return Err(AssertionFault::RuleLeavesNothing);
        }
    }
    if had_scope && client.scope.is_empty() {
        return Err(AssertionFault::RuleLeavesNothing);
    }
    let longest = rule
        .access_token_lifetime
        .map_or(longest, |it| it.min(longest));
    client.access_token_lifetime = Some(longest);
    Ok(client)
}
