//! `JETON_TRUST`: trusted issuers, held against the rest of the configuration.

use super::{Array, Config, Mistakes};
use crate::trust::{KeySource, TrustRecord, TrustedIssuer};

impl Config {
    /// The trusted issuers of `json`. What their documents can say only of this deployment is checked
    /// here: the address of their keys, and the clients that are configured.
    #[inline(never)]
    pub(super) fn trust_of(&self, json: &str, mistakes: &mut Mistakes) -> Vec<TrustedIssuer> {
        let array = Array {
            variable: "JETON_TRUST",
            of: "trust documents",
            json,
        };
        let issuer = |record: &TrustRecord| record.issuer.clone();
        array.each(mistakes, issuer, |record, before| {
            self.trusted(record, before)
        })
    }

    /// The issuer of one document, beside those before it.
    fn trusted(
        &self,
        record: TrustRecord,
        before: &[TrustedIssuer],
    ) -> Result<TrustedIssuer, String> {
        let issuer = record.parse().map_err(|error| error.to_string())?;
        if before.iter().any(|known| known.issuer == issuer.issuer) {
            return Err("the issuer has two documents".to_owned());
        }
        self.require_reachable_keys(&issuer)?;
        self.require_confidential_clients(&issuer)?;
        Ok(issuer)
    }

    pub(crate) fn require_reachable_keys(&self, issuer: &TrustedIssuer) -> Result<(), String> {
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
