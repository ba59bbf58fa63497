//! What a client has that registered itself.

use super::{Ceiling, Client};

impl Client {
    /// The client with the part of its rights that its ceiling has, if it registered itself: whatever else its
    /// record says, and whatever the ceiling was before.
    pub(super) fn under_its_ceiling(mut self) -> Self {
        if let Some(registration) = self.registration.clone() {
            self.keep_under(&registration.ceiling);
        }
        self
    }

    #[inline(never)]
    fn keep_under(&mut self, ceiling: &Ceiling) {
        self.scope = self.scope.within(&ceiling.scope);
        self.grant_types
            .retain(|it| ceiling.grant_types.contains(it));
        self.named_apis.retain_mut(|named| {
            let mut apis = ceiling.apis.iter();
            let api = apis.find(|api| api.identifier == named.identifier);
            if let Some(api) = api {
                named.scope = named.scope.within(&api.scope);
            }
            api.is_some()
        });
    }
}
