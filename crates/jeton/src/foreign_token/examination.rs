//! What a server would say of a token of a trusted issuer, point by point: for whoever writes rules.
//! Decided by the functions that the server decides by.

use serde_json::{Map, Value};

use super::{
    Form, check_binding, check_expiry, check_kind, check_subject, choose_rule, is_sole_audience,
    names,
};
use crate::{
    assertion::SingleUse,
    audit::Audit,
    crypto::Crypto,
    fetch::{Fetch, Reach},
    foreign_keys::{ForeignKeys, Verifier},
    jose::{JwtFault, UnverifiedJwt},
    refusal::{AssertionFault, NotAccepted},
    time::UnixTime,
    trust::{Rule, TrustedIssuer},
};

/// A server as far as a token of a trusted issuer is concerned.
#[derive(Debug)]
pub struct Examiner<'a, F, C> {
    /// Its issuer identifier.
    pub own_issuer: &'a str,
    /// What it may reach.
    pub reach: &'a Reach,
    /// By which it fetches the keys of the issuer, unless they are in its document.
    pub fetch: &'a F,
    /// By which it verifies signatures.
    pub crypto: &'a C,
    /// When the token comes.
    pub now: UnixTime,
}

/// What a server would say of a token. Nothing of it is proved where its signature is not.
#[derive(Debug)]
pub struct Examination<'a> {
    /// The JOSE header of the token.
    pub header: Map<String, Value>,
    /// Its claims.
    pub claims: Map<String, Value>,
    /// What is asked of every token of the issuer: a claim or header, and what is wrong with it.
    pub points: Vec<(&'static str, Option<AssertionFault>)>,
    /// Whether a key of the issuer has signed it.
    pub signature: Signature,
    /// The rule that it meets, of all that are not disabled.
    pub rule: Result<&'a Rule, AssertionFault>,
    /// What keeps it from being used once, where the rule that it meets lets each be used once.
    pub single_use: Option<AssertionFault>,
}

/// Whether a key of the issuer has signed a token.
#[derive(Debug)]
pub enum Signature {
    /// One has.
    Verified,
    /// None has, or the keys cannot be had.
    Refused(AssertionFault),
    /// Our own cryptography failed.
    Unknown,
}

impl<F: Fetch, C: Crypto> Examiner<'_, F, C> {
    /// What the server would say of `token` by the rules of `issuer`.
    ///
    /// # Errors
    /// It is no JWT.
    pub async fn examine<'i>(
        &self,
        token: &str,
        issuer: &'i TrustedIssuer,
    ) -> Result<Examination<'i>, JwtFault> {
        let jwt = UnverifiedJwt::parse(token)?;
        let (header, claims) = (jwt.header().clone(), jwt.claims().clone());
        let enabled = (!issuer.disabled).then_some(());
        let named = if issuer.issuer == self.own_issuer {
            Err(AssertionFault::OwnToken)
        } else {
            let is_named = names(&jwt, Form::Jwt).any(|name| name == issuer.issuer);
            is_named.then_some(()).ok_or(AssertionFault::Issuer)
        };
        let allowed = jwt.check_header(&issuer.algorithms);
        let expires_at = check_expiry(&claims, self.now);
        let points = [
            ("the issuer", enabled.ok_or(AssertionFault::Issuer)),
            ("alg", allowed.map_err(AssertionFault::from)),
            ("typ", check_kind(&jwt, Form::Jwt, issuer)),
            ("iss", named),
            ("sub", check_subject(&claims, issuer)),
            ("cnf, authorization_details", check_binding(&claims)),
            ("exp, iat, nbf", expires_at.clone().map(|_| ())),
        ];
        let rule = choose_rule(
            issuer,
            &claims,
            self.own_issuer,
            None,
            &mut Audit::default(),
        );
        let single_use = match (&rule, &expires_at) {
            (Ok(rule), Ok(expires_at)) if rule.single_use => {
                SingleUse::of(&issuer.issuer, &claims, *expires_at).err()
            }
            _ => None,
        };
        Ok(Examination {
            points: points.map(|(what, is)| (what, is.err())).into(),
            signature: self.signature(jwt, issuer).await,
            header,
            claims,
            rule,
            single_use,
        })
    }

    async fn signature(&self, jwt: UnverifiedJwt<'_>, issuer: &TrustedIssuer) -> Signature {
        let verifier = Verifier {
            keys: &ForeignKeys::new(),
            fetch: self.fetch,
            reach: self.reach,
            crypto: self.crypto,
            now: self.now,
        };
        match verifier.of_issuer(jwt, issuer).await {
            Ok(_) => Signature::Verified,
            Err(NotAccepted::Fault(fault)) => Signature::Refused(fault),
            Err(NotAccepted::Refusal(_)) => Signature::Unknown,
        }
    }
}

impl Examination<'_> {
    /// Whether the token is for this audience and no other.
    #[must_use]
    pub fn is_for(&self, audience: &str) -> bool {
        is_sole_audience(self.claims.get("aud"), audience)
    }

    /// The rule by which the server takes the token, unless it was used before: everything is as it must
    /// be.
    #[must_use]
    pub fn accepted_by(&self) -> Option<&Rule> {
        let points = self.points.iter().all(|(_, fault)| fault.is_none());
        let signed = matches!(self.signature, Signature::Verified);
        let rule = self.rule.as_ref().ok()?;
        (points && signed && self.single_use.is_none()).then_some(*rule)
    }
}
