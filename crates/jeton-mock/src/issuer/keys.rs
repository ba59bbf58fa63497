//! The signing keys of an issuer.

use std::sync::PoisonError;

use jsonwebtoken::Algorithm;

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

    /// The keys for forging.
    pub(crate) fn own_keys(&self) -> Keys {
        self.lock().keys.clone()
    }
}
