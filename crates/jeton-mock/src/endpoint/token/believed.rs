//! Assertions and tokens to exchange whose word a lenient issuer takes (RFC 7523 §2.1, RFC 8693): those of
//! whom nobody has told it to trust or not to trust. What it made itself it verifies, and what it was told how
//! to verify the server has verified before.
//!
//! The token is one that the server makes for the client, with the subject and the claims of the other.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use jeton::{
    Audit, Client, ClientAuthentication, ClientSecret, GrantType, SecretHash, SecretMethod,
};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{JWT_BEARER, TOKEN_EXCHANGE, issued::is_forged};
use crate::{
    departures::Departures,
    endpoint::presented_token::id_of,
    forge::{ID_TOKEN, Jwt},
    issued::{Issued, Own, client_of, subject_of},
    json::{json_error, read, write},
    layout::path_of,
    lenient::{Wanted, on_loan},
    random_id,
    spec::TokenKind,
    visit::Visit,
};

/// Claims that are about the token that says them, and not about its subject.
const OF_ITS_TOKEN: [&str; 20] = [
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "azp",
    "cid",
    "appid",
    "scope",
    "scp",
    "sid",
    "nonce",
    "at_hash",
    "c_hash",
    "act",
    "may_act",
    "exchanged_from",
    "registration",
];

/// Parameters that say what the new token is to be for.
const TARGETS: [&str; 3] = ["scope", "resource", "audience"];

/// The types of token that are issued (RFC 8693 §3).
const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What is believed of a token.
struct Word {
    claims: Map<String, Value>,
    subject: String,
}

/// A request whose word is taken.
pub(super) struct Believed {
    word: Word,
    /// Who acts for the subject now, and who did before (RFC 8693 §4.1).
    act: Option<Value>,
    client_id: String,
    issued_token_type: Option<&'static str>,
    waived: Vec<&'static str>,
}

impl Believed {
    /// What a request says that the server has refused; `None` where the refusal stands.
    pub(super) async fn read(visit: &Visit<'_>, refused: &Response<Bytes>) -> Option<Self> {
        if !visit.is_lenient() {
            return None;
        }
        let asked = &visit.asked;
        let error = refused.extensions().get::<Audit>()?.error?;
        match (asked.grant_type.as_deref()?, error) {
            (JWT_BEARER, "invalid_grant") => {
                let word = Word::of(visit, asked.get("assertion")?).await?;
                let act = word.claims.get("act").cloned();
                Some(Self {
                    client_id: client_id(visit, &word)?,
                    act,
                    word,
                    issued_token_type: None,
                    waived: vec!["assertion"],
                })
            }
            (TOKEN_EXCHANGE, "invalid_request") => Self::exchange(visit).await,
            _ => None,
        }
    }

    async fn exchange(visit: &Visit<'_>) -> Option<Self> {
        let asked = &visit.asked;
        let is_access_token = asked.get("subject_token_type")? == ACCESS_TOKEN_TYPE;
        let token = asked.get("subject_token")?;
        if is_access_token && is_own(visit, token) {
            // The server knows what may be exchanged of its own, and by whom.
            return None;
        }
        let issued_token_type = match asked.get("requested_token_type") {
            None | Some(ACCESS_TOKEN_TYPE) => ACCESS_TOKEN_TYPE,
            Some(JWT_TYPE) => JWT_TYPE,
            Some(ID_TOKEN_TYPE) => ID_TOKEN_TYPE,
            Some(_) => return None,
        };
        let word = Word::of(visit, token).await?;
        let mut waived = vec!["subject_token"];
        let client_id = client_id(visit, &word)?;
        let mut actor = match (asked.get("actor_token"), asked.get("actor_token_type")) {
            (None, None) if client_of(&word.claims) == Some(&client_id) => None,
            (None, None) => Some(json!({ "sub": client_id })),
            (Some(token), Some(_)) => {
                waived.push("actor_token");
                let actor = Word::of(visit, token).await?;
                let is_foreign = !is_own(visit, token);
                let issuer = actor.claims.get("iss").filter(|_| is_foreign);
                let mut act = json!({ "sub": actor.subject });
                if let (Some(act), Some(issuer)) = (act.as_object_mut(), issuer) {
                    act.insert("iss".to_owned(), issuer.clone());
                }
                Some(act)
            }
            _ => return None,
        };
        let may_act = word.claims.get("may_act").and_then(|it| it.get("sub"));
        if let (Some(actor), Some(may)) = (&actor, may_act)
            && actor.get("sub") != Some(may)
        {
            return None;
        }
        let before = word.claims.get("act");
        if let (Some(Value::Object(act)), Some(before)) = (&mut actor, before) {
            act.insert("act".to_owned(), before.clone());
        }
        Some(Self {
            act: actor.or_else(|| before.cloned()),
            word,
            client_id,
            issued_token_type: Some(issued_token_type),
            waived,
        })
    }

    /// The server's answer to the client, about the subject; or what the server refuses.
    pub(super) async fn respond(
        &self,
        visit: &Visit<'_>,
        departures: &mut Departures,
    ) -> Option<Response<Bytes>> {
        let asked = &visit.asked;
        let wanted = Wanted::own(&self.client_id, asked)?;
        let client = visit.client_for(&wanted, departures)?;
        let grant_type = match self.issued_token_type {
            Some(_) => GrantType::TokenExchange,
            None => GrantType::JwtBearer,
        };
        if !client.grant_types.contains(&grant_type) {
            let why = "the client is not registered for the grant_type";
            let refused = json_error(StatusCode::BAD_REQUEST, "unauthorized_client", why);
            return Some(refused);
        }
        let mut response = own_token(visit, client).await?;
        let Some(mut body) = read(&response) else {
            return Some(response);
        };
        self.rewrite(visit, &mut body).await?;
        write(&mut response, &body);
        if let Some(audit) = response.extensions_mut().get_mut::<Audit>() {
            audit.subject = Some(self.word.subject.clone());
        }
        departures.waive(&self.waived);
        Some(response)
    }

    /// Has the token in a token response be about the subject.
    async fn rewrite(&self, visit: &Visit<'_>, body: &mut Map<String, Value>) -> Option<()> {
        let forge = visit.at.forge();
        let Some(mut token) = body.get("access_token")?.as_str().and_then(Jwt::parse) else {
            // Sealed: it says nothing.
            return Some(());
        };
        let number = |claims: &Map<String, Value>, name: &str| claims.get(name)?.as_u64();
        let (iat, exp) = (number(&token.claims, "iat")?, number(&token.claims, "exp")?);
        let exp = number(&self.word.claims, "exp").map_or(exp, |end| end.min(exp));
        token.claims.insert("exp".to_owned(), json!(exp));
        body.insert("expires_in".to_owned(), json!(exp.saturating_sub(iat)));
        self.put_word(&mut token.claims);
        let access_token = forge.sign(&token).await.ok()?;
        let scope = body
            .get("scope")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_openid = scope.split(' ').any(|token| token == "openid");
        let is_id_token = self.issued_token_type == Some(ID_TOKEN_TYPE);
        let mut id_token = None;
        if is_id_token || (is_openid && self.issued_token_type.is_none()) {
            let mut claims = Map::new();
            for (name, value) in [
                ("iss", json!(visit.at.address.issuer)),
                ("aud", json!(self.client_id)),
                ("iat", json!(iat)),
                ("exp", json!(exp)),
            ] {
                claims.insert(name.to_owned(), value);
            }
            self.put_word(&mut claims);
            id_token = forge.make(ID_TOKEN, claims).await;
        }
        let main = if is_id_token {
            // RFC 8693 §2.2.1: it is no access token, whatever its member is called.
            body.insert("token_type".to_owned(), json!("N_A"));
            id_token.take()?
        } else {
            access_token
        };
        body.insert("access_token".to_owned(), Value::String(main));
        if let Some(id_token) = id_token {
            body.insert("id_token".to_owned(), Value::String(id_token));
        }
        if let Some(token_type) = self.issued_token_type {
            body.insert("issued_token_type".to_owned(), json!(token_type));
        }
        Some(())
    }

    /// What is passed on.
    fn put_word(&self, claims: &mut Map<String, Value>) {
        for (name, value) in &self.word.claims {
            if !OF_ITS_TOKEN.contains(&name.as_str()) {
                claims.insert(name.clone(), value.clone());
            }
        }
        claims.insert("sub".to_owned(), json!(self.word.subject));
        if let Some(act) = &self.act {
            claims.insert("act".to_owned(), act.clone());
        }
    }

    /// Knows the token by the text with which it leaves: the server does not.
    pub(super) fn issue(
        &self,
        visit: &Visit<'_>,
        response: &Response<Bytes>,
        departures: &Departures,
    ) {
        let Some(body) = read(response) else {
            return;
        };
        if is_forged(departures, TokenKind::AccessToken) {
            return;
        }
        let Some(text) = body.get("access_token").and_then(Value::as_str) else {
            return;
        };
        let issuer = visit.at.issuer;
        let (kind, claims) = match (Jwt::parse(text), issuer.issued(text)) {
            (Some(token), _) if self.issued_token_type == Some(ID_TOKEN_TYPE) => {
                (TokenKind::IdToken, token.claims)
            }
            (Some(token), _) => (TokenKind::AccessToken, token.claims),
            (None, Some(Issued::Sealed(mut claims))) => {
                self.put_word(&mut claims);
                (TokenKind::AccessToken, claims)
            }
            (None, _) => return,
        };
        let own = Own {
            kind: Some(kind),
            claims,
        };
        issuer.issue(text, Issued::Own(own));
    }
}

impl Word {
    /// What a token says, if it is believed.
    async fn of(visit: &Visit<'_>, text: &str) -> Option<Self> {
        let at = &visit.at;
        let issued = at.issuer.issued(text);
        let claims = match (Jwt::parse(text), &issued) {
            (Some(token), _) => token.claims,
            (None, Some(Issued::Sealed(claims))) => claims.clone(),
            (None, _) => return None,
        };
        // Whatever rules made of its words, it is about whom the server made it for.
        let made = match &issued {
            Some(Issued::Changed(own)) => Jwt::parse(own).map(|own| own.claims),
            _ => None,
        };
        let of_server = made.as_ref().unwrap_or(&claims);
        if is_own(visit, text) {
            if issued.is_none() {
                let forge = at.forge();
                forge.sign_again(text, claims.clone()).await?;
            }
            let said = match &issued {
                Some(Issued::Own(own)) => &own.claims,
                _ => of_server,
            };
            let jti = said.get("jti").and_then(Value::as_str);
            let jti = jti.map_or_else(|| id_of(text).to_string(), str::to_owned);
            if at.issuer.is_revoked(&jti).await {
                return None;
            }
            let login = claims.get("sid").and_then(Value::as_str);
            if let Some(login) = login.and_then(|sid| sid.parse().ok()) {
                let record = at.issuer.grant(login).await;
                if record.is_some_and(|record| !record.is_live(at.now)) {
                    return None;
                }
            }
        } else {
            let issuer = claims.get("iss").and_then(Value::as_str);
            let trusted = at.issuer.trust();
            if trusted.iter().any(|it| Some(it.issuer.as_str()) == issuer) {
                return None;
            }
        }
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds are far from where it begins"
        )]
        let now = at.now.0 as f64;
        if seconds("exp").is_some_and(|end| end <= now)
            || seconds("nbf").is_some_and(|begin| begin > now)
        {
            return None;
        }
        // Google's service accounts name nobody but themselves, and no client asks for them.
        let issuer = claims.get("iss").and_then(Value::as_str);
        let issuer = issuer.filter(|_| visit.sender().is_none());
        let subject = subject_of(of_server).or(issuer)?.to_owned();
        Some(Self { claims, subject })
    }
}

/// Whether a token is one of this issuer's, to its word or to our knowledge.
fn is_own(visit: &Visit<'_>, text: &str) -> bool {
    let issuer = visit.at.issuer;
    let says_so = || {
        let token = Jwt::parse(text)?;
        let from = token.claims.get("iss")?.as_str()?.to_owned();
        let others = issuer.other_addresses(visit.at.address);
        Some(from == visit.at.address.issuer || others.contains(&from))
    };
    issuer.issued(text).is_some() || says_so() == Some(true)
}

/// The client that asks: the one that the request names, or else the one that the token was made for, or
/// that made it for itself, as service accounts do (RFC 7523 §4).
fn client_id(visit: &Visit<'_>, word: &Word) -> Option<String> {
    let of_token = || client_of(&word.claims).map(str::to_owned);
    let is_own = word.claims.get("iss") == Some(&json!(word.subject));
    let of_itself = || is_own.then(|| word.subject.clone());
    visit.sender().or_else(of_token).or_else(of_itself)
}

/// The server's token for the client itself. It has authenticated already, as far as it must: by what it is
/// lent it does once more.
async fn own_token(visit: &Visit<'_>, mut client: Client) -> Option<Response<Bytes>> {
    let secret = random_id().ok()?;
    client.grant_types = GrantType::ALL.to_vec();
    client.authentication = ClientAuthentication::Secret {
        method: Some(SecretMethod::ClientSecretPost),
        secrets: vec![ClientSecret {
            hash: SecretHash::of(&secret),
            expires_at: None,
        }],
    };
    let request = request_for(visit, &client, &secret)?;
    Some(on_loan(Some(client), visit.at.serve(request)).await)
}

fn request_for(visit: &Visit<'_>, client: &Client, secret: &str) -> Option<Request<Bytes>> {
    let targets = visit.asked.pairs().into_iter().flatten();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(targets.filter(|(name, _)| TARGETS.contains(name)))
        .extend_pairs([
            ("grant_type", GrantType::ClientCredentials.as_str()),
            ("client_id", client.id.as_str()),
            ("client_secret", secret),
        ])
        .finish();
    Request::post(format!("{}/token", path_of(&visit.at.address.base)))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .ok()
}
