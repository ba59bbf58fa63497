//! Whose tokens are taken: one issuer's, or those of tenants that share a provider.

use std::{borrow::Cow, collections::BTreeSet};

use jeton::{Reach, UnverifiedJwt};
use serde_json::Value;

use super::{GOOGLE, metadata};
use crate::{allow::Allow, settings::InvalidLogin, trouble::Trouble, ways::unreached};

/// What stands in Microsoft's issuer identifiers in the place of the tenant, in metadata of all tenants.
const TENANT: &str = "{tenantid}";

/// The tenant of all personal accounts at Microsoft.
const PERSONAL: &str = "9188040d-6c67-4b5c-b112-36a304b66dad";

/// What stands in the place of a tenant where several are meant: no tenant has such an id.
const SEVERAL: [&str; 3] = ["common", "organizations", "consumers"];

/// The hosts of Microsoft's issuers.
const MICROSOFT: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "sts.windows.net",
];

/// What stands for somebody's own in the issuers that documents show.
const PLACEHOLDERS: [&str; 5] = ["HOST", "REALM", "TENANT", "TENANT_ID", "YOURS"];

/// Whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Issuer {
    /// Those of this issuer.
    One(String),
    /// Those of these tenants, each an issuer of its own.
    Tenants {
        /// Their issuer identifier, with [`TENANT`] in it.
        template: String,
        tenants: BTreeSet<String>,
    },
}

impl Issuer {
    pub(super) fn parse(
        issuer: String,
        tenants: Option<Vec<String>>,
        reach: &Reach,
    ) -> Result<Self, InvalidLogin> {
        let tenants = match (issuer.matches(TENANT).count(), tenants) {
            (0, None) => return check_issuer(&issuer, reach).map(|()| Self::One(issuer)),
            (1, Some(tenants)) => {
                let mut all = BTreeSet::new();
                all.extend(tenants);
                all
            }
            (1, None) => {
                let expected = "the ids of the tenants that {tenantid} in issuer stands for, whose people may log in";
                return Err(InvalidLogin::new("tenants", expected));
            }
            _ => return Err(InvalidLogin::new("tenants", "{tenantid} once in issuer")),
        };
        let is_id = |id: &String| {
            let is_of_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !id.is_empty() && id.bytes().all(is_of_id) && !SEVERAL.contains(&id.as_str())
        };
        if tenants.is_empty() || !tenants.iter().all(is_id) {
            let expected = "ids of tenants, as their tokens have them in tid";
            return Err(InvalidLogin::new("tenants", expected));
        }
        let mut ids = tenants.iter();
        if let (Some(only), None) = (ids.next(), ids.next()) {
            let issuer = issuer.replace(TENANT, only);
            return check_issuer(&issuer, reach).map(|()| Self::One(issuer));
        }
        for id in &tenants {
            check_issuer(&issuer.replace(TENANT, id), reach)?;
        }
        Ok(Self::Tenants {
            template: issuer,
            tenants,
        })
    }

    /// Whether tenants share the provider, each an issuer of its own.
    pub(super) const fn is_of_tenants(&self) -> bool {
        matches!(self, Self::Tenants { .. })
    }

    /// Its identifier, or what stands in the metadata of all tenants in that place.
    pub(super) fn as_written(&self) -> &str {
        match self {
            Self::One(issuer) => issuer,
            Self::Tenants { template, .. } => template,
        }
    }

    /// Refuses lists in which nobody is who comes by this provider. One by `http` is a stand-in on this machine,
    /// perhaps for Google.
    pub(super) fn check_lists(&self, allow: &Allow) -> Result<(), InvalidLogin> {
        let (host, _) = host_and_path(self.as_written());
        if MICROSOFT.contains(&host) && allow.lists_addresses() {
            let expected = "no list of addresses: Microsoft does not say that one is verified; \
                            list groups or roles by claims, or the tenants";
            return Err(InvalidLogin::new("", expected));
        }
        if !self.is(GOOGLE) && !host.is_empty() && allow.lists_hosted_domains() {
            let expected =
                "nothing here: these are Google's; another provider's hd is listed by claims";
            return Err(InvalidLogin::new("hosted_domains", expected));
        }
        Ok(())
    }

    /// Where the metadata is that says where to log in.
    pub(super) fn metadata_url(&self) -> String {
        match self {
            Self::One(issuer) => metadata::url_of(issuer),
            Self::Tenants { template, tenants } => {
                let place = if tenants.contains(PERSONAL) {
                    "common"
                } else {
                    "organizations"
                };
                metadata::url_of(&template.replace(TENANT, place))
            }
        }
    }

    /// Whether tokens of `iss` are taken.
    pub(super) fn is(&self, iss: &str) -> bool {
        match self {
            Self::One(issuer) => issuer == iss,
            Self::Tenants { template, tenants } => {
                let mut ids = tenants.iter();
                ids.any(|id| template.replace(TENANT, id) == iss)
            }
        }
    }

    /// The issuer that a token has to be of, and whose keys it is verified with: the only one, or that of the
    /// tenant which it says it is of, which must be one of ours. It is not believed for that: that tenant's keys
    /// must have signed it, and its `iss` must be that tenant's.
    pub(super) fn of_token(&self, jwt: &UnverifiedJwt<'_>) -> Result<Cow<'_, str>, Trouble> {
        match self {
            Self::One(issuer) => Ok(Cow::Borrowed(issuer)),
            Self::Tenants { template, tenants } => {
                let tid = jwt.claimed("tid").and_then(Value::as_str);
                let tid = tid.filter(|tid| tenants.contains(*tid));
                let tid = tid.ok_or(Trouble::Foreign("the ID token is of another tenant"))?;
                Ok(Cow::Owned(template.replace(TENANT, tid)))
            }
        }
    }
}

/// Refuses what is no issuer identifier that may be reached (OpenID Connect Core 1.0 §16.15).
fn check_issuer(issuer: &str, reach: &Reach) -> Result<(), InvalidLogin> {
    check_meant(issuer).map_err(|expected| InvalidLogin::new("issuer", expected))?;
    match reach.url(issuer) {
        Ok(url) if url.as_url().query().is_none() => Ok(()),
        Ok(_) => Err(InvalidLogin::new("issuer", "a URL without a query")),
        Err(why) => {
            let why = unreached(why);
            let expected = format!("the provider's issuer identifier, an https URL ({why})");
            Err(InvalidLogin::new("issuer", expected))
        }
    }
}

/// Host and path of an `https` issuer; of another neither.
fn host_and_path(issuer: &str) -> (&str, &str) {
    let rest = issuer.strip_prefix("https://").unwrap_or_default();
    rest.split_once('/').unwrap_or((rest, ""))
}

/// Refuses what nobody means who writes it: it was copied from elsewhere, or not filled in.
fn check_meant(issuer: &str) -> Result<(), &'static str> {
    if issuer.trim_end_matches('/').ends_with(metadata::PATH) {
        return Err("the issuer identifier alone, without /.well-known/openid-configuration");
    }
    let mut parts = issuer.split(['/', '.', ':']);
    if issuer.contains(['{', '}', '<', '>']) || parts.any(|part| PLACEHOLDERS.contains(&part)) {
        return Err("your own tenant, host or realm in the place of the placeholder");
    }
    let (host, path) = host_and_path(issuer);
    let tenant = path.split('/').next().unwrap_or_default();
    if MICROSOFT.contains(&host) && SEVERAL.contains(&tenant) {
        return Err(
            "the id of one tenant, or {tenantid} in its place with the ids of several in tenants: \
             nobody is told by common, organizations or consumers whose people may log in",
        );
    }
    Ok(())
}
