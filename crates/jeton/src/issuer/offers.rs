//! Which features a deployment offers.

use crate::{config::Config, grant::GrantType, needs::Needs, registry::Registry};

/// The features of a deployment. The metadata lists them, and the endpoints keep to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offers {
    best: Needs,
    registers: bool,
}

impl Offers {
    pub(crate) fn new<L>(config: &Config, ledger: Option<&L>, registry: &impl Registry) -> Self {
        let best = match (ledger, config.login_url()) {
            (None, _) => Needs::Nothing,
            (Some(_), None) => Needs::Ledger,
            (Some(_), Some(_)) => Needs::Login,
        };
        Self {
            best,
            registers: registry.takes_writes(),
        }
    }

    /// Whether the deployment has what `needs` says.
    pub(crate) fn has(self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Ledger => self.best != Needs::Nothing,
            Needs::Login => self.best == Needs::Login,
            Needs::Registry => self.registers,
        }
    }

    /// The grant types that `/token` answers.
    pub(crate) fn grant_types(self) -> impl Iterator<Item = GrantType> {
        GrantType::ALL
            .into_iter()
            .filter(move |grant_type| self.has_grant_type(*grant_type))
    }

    /// Whether `/token` answers `grant_type`.
    pub(crate) fn has_grant_type(self, grant_type: GrantType) -> bool {
        self.has(grant_type.needs())
    }
}
