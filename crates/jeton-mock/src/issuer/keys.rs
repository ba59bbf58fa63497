//! The signing keys of an issuer.

use std::sync::PoisonError;

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::Issuer;
use crate::keys::{KeyAction, KeyError, KeyInfo, Keys};

impl Issuer {
    pub(crate) async fn keys(&self) -> Result<Vec<KeyInfo>, KeyError> {
        let keys = self.lock().keys.clone();
        Ok(keys.list().await?)
    }

    pub(crate) async fn change_keys(
        &self,
        action: KeyAction,
        algorithm: Option<Algorithm>,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        let keys = {
            let mut state = self.lock();
            state.keys.change(action, algorithm)?;
            state.keys.clone()
        };
        self.served
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Ok(keys.list().await?)
    }

    /// The `kid`s that JWKS must not show.
    pub(crate) async fn hidden_keys(&self) -> Vec<String> {
        let keys = self.lock().keys.clone();
        if keys.are_published() {
            return Vec::new();
        }
        let list = keys.list().await.unwrap_or_default();
        let hidden = list.into_iter().filter(|key| !key.published);
        hidden.map(|key| key.kid).collect()
    }

    /// Brings the keys of a JWKS to what it is to show: certificates, and no key that is not published.
    pub(crate) async fn show_keys(&self, keys: &mut Vec<Value>) {
        let hidden = self.hidden_keys().await;
        let own = self.own_keys();
        keys.retain_mut(|key| {
            let Some(key) = key.as_object_mut() else {
                return true;
            };
            let kid = key.get("kid").and_then(Value::as_str).unwrap_or_default();
            if hidden.iter().any(|hidden| hidden == kid) {
                return false;
            }
            if let Some(certificates) = own.certificates(kid) {
                key.extend(certificates.clone());
            }
            true
        });
    }

    /// The keys for forging.
    pub(crate) fn own_keys(&self) -> Keys {
        self.lock().keys.clone()
    }
}
