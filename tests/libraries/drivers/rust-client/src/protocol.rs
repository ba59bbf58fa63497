//! What the suite asks for.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Request {
    Client(ClientOptions),
    Token(TokenOptions),
    Call(CallOptions),
    Clock {
        offset: f64,
    },
    Device {
        client: String,
        scope: String,
    },
    DeviceWait {
        handle: String,
    },
    Session(SessionOptions),
    Login {
        session: String,
    },
    Callback {
        session: String,
        url: String,
    },
    SessionToken {
        session: String,
        times: Option<usize>,
    },
    Logout {
        session: String,
    },
    Forget {
        session: String,
    },
}

#[derive(Deserialize)]
pub(crate) struct ClientOptions {
    #[serde(rename = "as")]
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) authentication: AuthenticationOptions,
    #[serde(default)]
    pub(crate) dpop: bool,
    pub(crate) metadata: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum AuthenticationOptions {
    Secret { secret: String },
    PrivateKeyJwt { jwk: Value },
    Platform { source: SourceOptions },
    None,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum SourceOptions {
    Github { audience: Option<String> },
    File { path: PathBuf },
}

/// What a token is for; `resource` may be one or several.
#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) scope: Option<String>,
    #[serde(default)]
    pub(crate) resource: Resources,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Resources {
    One(String),
    Several(Vec<String>),
}

impl Default for Resources {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Resources {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct TokenOptions {
    pub(crate) client: String,
    #[serde(flatten)]
    pub(crate) target: Target,
    pub(crate) times: Option<usize>,
}

#[derive(Deserialize)]
pub(crate) struct CallOptions {
    pub(crate) client: String,
    #[serde(flatten)]
    pub(crate) target: Target,
    pub(crate) url: String,
    pub(crate) method: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) via: Option<Way>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    Reqwest,
    Tower,
}

#[derive(Deserialize)]
pub(crate) struct SessionOptions {
    #[serde(rename = "as")]
    pub(crate) name: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    #[serde(default)]
    pub(crate) resource: Resources,
    #[serde(default)]
    pub(crate) store: StoreOptions,
    pub(crate) key: String,
}

#[derive(Deserialize, Default)]
pub(crate) struct StoreOptions {
    pub(crate) folder: Option<PathBuf>,
}
