//! `JETON_TRUST`: trusted issuers, held against the rest of the configuration.

use super::{Config, ConfigError};
use crate::{
    trust::{KeySource, TrustRecord, TrustedIssuer},
    unavailable::Misread,
};

const VARIABLE: &str = "JETON_TRUST";

impl Config {
    /// The trusted issuers of `json`. What their documents can say only of this deployment is checked
    /// here: the address of their keys, and the clients that are configured.
    pub(super) fn trust_of(&self, json: Option<&str>) -> Result<Vec<TrustedIssuer>, ConfigError> {
        let Some(json) = json else {
            return Ok(Vec::new());
        };
        let records: Vec<TrustRecord> = serde_json::from_str(json).map_err(|error| {
            ConfigError::new(
                VARIABLE,
                format_args!(
                    "a JSON array of trust documents, or on native hosts @file; {}",
                    Misread(&error)
                ),
            )
        })?;
        let mut trust = Vec::<TrustedIssuer>::with_capacity(records.len());
        for (index, record) in records.into_iter().enumerate() {
            let at = format!("[{index}] {:?}", record.issuer);
            let wrong = |what: &dyn std::fmt::Display| {
                ConfigError::new(
                    VARIABLE,
                    format_args!("valid trust documents; {at}: {what}"),
                )
            };
            let issuer = record.parse().map_err(|error| wrong(&error))?;
            if trust.iter().any(|known| known.issuer == issuer.issuer) {
                return Err(wrong(&"the issuer has two documents"));
            }
            self.require_reachable_keys(&issuer)
                .map_err(|what| wrong(&what))?;
            self.require_confidential_clients(&issuer)
                .map_err(|what| wrong(&what))?;
            trust.push(issuer);
        }
        Ok(trust)
    }

    fn require_reachable_keys(&self, issuer: &TrustedIssuer) -> Result<(), String> {
        let is_own = issuer.issuer == self.issuer.as_str();
        let (member, url) = match &issuer.keys {
            KeySource::Discovery if is_own => return Ok(()),
            _ if is_own => {
                return Err(
                    "jwks_uri, jwks: neither, because the keys of this issuer are ours".to_owned(),
                );
            }
            KeySource::Pasted(_) => return Ok(()),
            KeySource::Discovery => ("issuer", &issuer.issuer),
            KeySource::Uri(url) => ("jwks_uri", url),
        };
        match self.reach.url(url) {
            Ok(_) => Ok(()),
            Err(why) => Err(format!("{member}: {why}")),
        }
    }

    /// A client that is registered may be public too; its rules then stand for nobody.
    fn require_confidential_clients(&self, issuer: &TrustedIssuer) -> Result<(), String> {
        for rule in &issuer.rules {
            let mut clients = self.clients.iter();
            let client = clients.find(|client| client.id == rule.client_id);
            if client.is_some_and(|client| !client.is_confidential()) {
                return Err(format!(
                    "rule {:?}: client {:?} of JETON_CLIENTS is public, and a rule authenticates its client",
                    rule.name,
                    rule.client_id.as_str()
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
