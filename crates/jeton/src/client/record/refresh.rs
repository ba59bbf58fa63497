//! How the refresh tokens of a record behave.

use super::{ClientRecord, InvalidClient};
use crate::{
    client::{ClientAuthentication, Delivery, RefreshPolicy, origin::Origin},
    time::{LONGEST_GRANT_LIFETIME, Seconds},
};

impl ClientRecord {
    pub(super) fn refresh_policy(
        &self,
        authentication: &ClientAuthentication,
    ) -> Result<RefreshPolicy, InvalidClient> {
        let default = RefreshPolicy::default();
        let rotation = self.refresh_token_rotation.unwrap_or(true);
        if *authentication == ClientAuthentication::None && !rotation {
            return Err(InvalidClient::PublicWithoutRotation);
        }
        let renew_claims = self.renew_claims.unwrap_or(false);
        if renew_claims && !rotation {
            return Err(InvalidClient::RenewedWithoutRotation);
        }
        let has_cookie = self.refresh_token_delivery.as_deref() == Some("cookie");
        for origin in &self.allowed_origins {
            match Origin::of(origin) {
                None => return Err(InvalidClient::Origin(origin.clone())),
                Some(Origin::App) if has_cookie => {
                    return Err(InvalidClient::CookieOrigin(origin.clone()));
                }
                Some(Origin::App | Origin::Website) => {}
            }
        }
        let allowed_origins = self.allowed_origins.clone();
        let delivery = match self.refresh_token_delivery.as_deref() {
            None | Some("body") => Delivery::Body { allowed_origins },
            Some("cookie") if !allowed_origins.is_empty() => Delivery::Cookie { allowed_origins },
            Some(_) => return Err(InvalidClient::Delivery),
        };
        Ok(RefreshPolicy {
            lifetime: bounded_length(
                "refresh_token_lifetime",
                self.refresh_token_lifetime,
                default.lifetime,
                (1, LONGEST_GRANT_LIFETIME.0),
            )?,
            idle_lifetime: bounded_length(
                "refresh_token_idle_lifetime",
                self.refresh_token_idle_lifetime,
                default.idle_lifetime,
                (1, LONGEST_GRANT_LIFETIME.0),
            )?,
            grace: bounded_length(
                "refresh_token_grace",
                self.refresh_token_grace,
                default.grace,
                (0, 300),
            )?,
            rotation,
            offline_access_required: self.offline_access_required.unwrap_or(true),
            renew_claims,
            delivery,
        })
    }
}

/// The length of time that `member` gives, or the default; refused outside of its bounds.
fn bounded_length(
    member: &'static str,
    given: Option<Seconds>,
    default: Seconds,
    (least, most): (u64, u64),
) -> Result<Seconds, InvalidClient> {
    let length = given.unwrap_or(default);
    if (least..=most).contains(&length.0) {
        return Ok(length);
    }
    Err(InvalidClient::RefreshLifetime {
        member,
        given: length.0,
        least,
        most,
    })
}
