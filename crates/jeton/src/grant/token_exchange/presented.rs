//! The tokens that a request presents, before any of them is believed.

use crate::{
    audit::Audit,
    foreign_token::{For, Form, Vouched, vouch},
    host::Host,
    issue::ACCESS_TOKEN_TYPE,
    jose::UnverifiedJwt,
    parameters::Parameters,
    refusal::{ExchangeFault, NotAccepted, Refusal, RequestFault},
    request::At,
};

/// The types of tokens of trusted issuers that need not be access tokens (RFC 8693 §3).
const JWT_TYPES: [&str; 2] = [
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:id_token",
];

/// The tokens of a request.
pub(super) struct Presented<'a> {
    pub(super) subject: PresentedToken<'a>,
    pub(super) actor: Option<PresentedToken<'a>>,
}

/// A token, by whose it says it is.
#[derive(Clone, Copy)]
pub(super) enum PresentedToken<'a> {
    /// An access token of ours, or nothing.
    Own(&'a str),
    /// Another issuer's.
    Foreign(ForeignToken<'a>),
}

/// A token of another issuer.
#[derive(Clone, Copy)]
pub(super) struct ForeignToken<'a> {
    text: &'a str,
    form: Form,
}

impl<'a> Presented<'a> {
    pub(super) fn read<H: Host>(
        at: &At<'_, H>,
        parameters: &'a Parameters<'_>,
    ) -> Result<Self, Refusal> {
        let required = |name| {
            let value = parameters.get(name);
            value.ok_or(RequestFault::MissingParameter(name))
        };
        let (text, token_type) = (required("subject_token")?, required("subject_token_type")?);
        let subject = PresentedToken::read(at, text, token_type)?;
        // §2.1: the type is required with an actor token, and must not be sent without.
        let actor_type = parameters.get("actor_token_type");
        let actor = match (parameters.get("actor_token"), actor_type) {
            (None, None) => None,
            (Some(text), Some(token_type)) => Some(PresentedToken::read(at, text, token_type)?),
            _ => return Err(ExchangeFault::HalfActor.into()),
        };
        let requested = parameters.get("requested_token_type");
        if requested.is_some_and(|requested| requested != ACCESS_TOKEN_TYPE) {
            return Err(ExchangeFault::RequestedType.into());
        }
        Ok(Self { subject, actor })
    }
}

impl<'a> PresentedToken<'a> {
    /// Ours are exchanged as access tokens alone; what has another issuer's name is that one's.
    fn read<H: Host>(
        at: &At<'_, H>,
        text: &'a str,
        token_type: &str,
    ) -> Result<Self, ExchangeFault> {
        let form = if token_type == ACCESS_TOKEN_TYPE {
            Form::AccessToken
        } else if JWT_TYPES.contains(&token_type) {
            Form::Jwt
        } else {
            return Err(ExchangeFault::TokenType);
        };
        let foreign = Self::Foreign(ForeignToken { text, form });
        if form == Form::Jwt {
            return Ok(foreign);
        }
        let own = at.issuer.config().issuer().as_str();
        match UnverifiedJwt::parse(text) {
            Ok(jwt) if jwt.claimed("iss").is_none_or(|issuer| issuer != own) => Ok(foreign),
            _ => Ok(Self::Own(text)),
        }
    }

    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Own(text) | Self::Foreign(ForeignToken { text, .. }) => text,
        }
    }
}

impl ForeignToken<'_> {
    /// What it stands for.
    pub(super) async fn vouched<H: Host>(
        self,
        at: &At<'_, H>,
        whom: For<'_>,
        audit: &mut Audit,
    ) -> Result<Vouched, NotAccepted> {
        let jwt = UnverifiedJwt::parse(self.text)?;
        vouch(at, jwt, self.form, whom, audit).await
    }
}
