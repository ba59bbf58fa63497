//! A mock without its socket.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use http::Request;
use jeton_http::Scheme;
use tokio::sync::watch;

use crate::{
    address::{Address, Addresses, is_issuer_name, unstrip},
    fetch::MockFetch,
    file::ISSUER_NAME,
    issuer::Issuer,
    keys::Seed,
    platform::PlatformSpec,
    profile::{NONE, Profile, Profiles},
    settings::Settings,
    spec::{InvalidSpec, IssuerSpec, MockSpec},
};

mod route;

/// How many issuers there may be.
pub(crate) const ISSUERS: usize = 10_000;

/// A mock without its socket: its issuers, and where they are.
pub(crate) struct Provider {
    addresses: Addresses,
    spec: MockSpec,
    profiles: Profiles,
    seed: Seed,
    settings: Arc<Settings>,
    ca_pem: Option<String>,
    /// What whoever starts it or comes by should read.
    warning: Option<String>,
    issuers: Mutex<BTreeMap<String, Arc<Issuer>>>,
    closing: watch::Sender<bool>,
    /// How its issuers reach each other.
    fetch: MockFetch,
}

/// Why an issuer is not there.
#[derive(Debug)]
pub(crate) enum NoIssuer {
    TooMany,
    Invalid(InvalidSpec),
}

impl From<InvalidSpec> for NoIssuer {
    fn from(error: InvalidSpec) -> Self {
        Self::Invalid(error)
    }
}

impl From<NoIssuer> for InvalidSpec {
    fn from(error: NoIssuer) -> Self {
        match error {
            NoIssuer::TooMany => Self::new("issuer", format_args!("at most {ISSUERS} of them")),
            NoIssuer::Invalid(error) => error,
        }
    }
}

impl Provider {
    pub(crate) fn new(
        spec: MockSpec,
        addresses: Addresses,
        settings: Settings,
        ca_pem: Option<String>,
        warning: Option<String>,
    ) -> Result<Arc<Self>, InvalidSpec> {
        let seed = Seed::new(spec.seed.as_deref())?;
        let provider = Arc::new_cyclic(|own| Self {
            profiles: Profiles::new(&spec.profiles),
            seed,
            settings: Arc::new(settings),
            addresses,
            spec,
            ca_pem,
            warning,
            issuers: Mutex::default(),
            closing: watch::Sender::new(false),
            fetch: MockFetch::new(Weak::clone(own)),
        });
        provider.reset_all()?;
        Ok(provider)
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The issuer called `name`, as the request reached it.
    pub(crate) fn address_of<B>(
        &self,
        name: &str,
        request: &Request<B>,
        scheme: Scheme,
    ) -> Address {
        self.with_identifier(name, self.addresses.of(name, request, scheme))
    }

    /// The issuer called `name`, as configured.
    pub(crate) fn pinned(&self, name: &str) -> Address {
        self.with_identifier(name, self.addresses.pinned(name))
    }

    fn with_identifier(&self, name: &str, address: Address) -> Address {
        match self.profile_of(name) {
            Some(profile) => profile.address(address),
            None => address,
        }
    }

    /// The profile of the issuer called `name`, be it there or not.
    pub(crate) fn profile_of(&self, name: &str) -> Option<Profile> {
        match self.find(name) {
            Some(issuer) => issuer.profile().cloned(),
            None => self.profile(name, &self.configured(name)).ok().flatten(),
        }
    }

    /// The profile of an issuer with this description: the one it names, else the one that its own name has
    /// unasked, else the template's, unless it stands in for a platform, which is nobody's tenant.
    fn profile(&self, name: &str, spec: &IssuerSpec) -> Result<Option<Profile>, InvalidSpec> {
        let template = || self.spec.issuer.profile.as_deref();
        let asked = match spec.profile.as_deref() {
            Some(asked) => Some(asked),
            None => match self.profiles.unasked(name) {
                Some(profile) => return Ok(Some(profile)),
                None if spec.platform.is_some() || PlatformSpec::example(name).is_some() => None,
                None => template(),
            },
        };
        let asked = asked.filter(|asked| *asked != NONE);
        asked
            .map(|asked| self.profiles.named(asked, name))
            .transpose()
    }

    /// Puts back what a proxy in front has taken off the path of a request: `JETON_PROXY_STRIPS`.
    pub(crate) fn unstrip<B>(&self, request: &mut Request<B>) {
        let stripped = self.settings.config().proxy_strips();
        if !stripped.is_empty() {
            unstrip(request.uri_mut(), stripped);
        }
    }

    /// The certificate to trust, where there is TLS.
    pub(crate) fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// What it is, where it could pass for a deployment or strangers reach it.
    pub(crate) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Issuer>>> {
        // Each change below is whole before anything could panic.
        self.issuers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Issuer>> {
        self.lock().get(name).cloned()
    }

    pub(crate) fn list(&self) -> Vec<Arc<Issuer>> {
        self.lock().values().cloned().collect()
    }

    /// The issuer as described, in place of one that is there; and whether none was.
    pub(crate) fn put(
        &self,
        name: &str,
        spec: IssuerSpec,
    ) -> Result<(Arc<Issuer>, bool), NoIssuer> {
        let made = self.make(name, spec)?;
        let mut issuers = self.lock();
        let old = issuers.get(name).cloned();
        if old.is_none() && issuers.len() >= ISSUERS {
            return Err(NoIssuer::TooMany);
        }
        let issuer = Arc::new(made.after(old.as_deref()));
        issuers.insert(name.to_owned(), Arc::clone(&issuer));
        Ok((issuer, old.is_none()))
    }

    pub(crate) fn remove(&self, name: &str) -> bool {
        !name.is_empty() && self.lock().remove(name).is_some()
    }

    /// Restores what the issuer was made from.
    pub(crate) fn reset(&self, name: &str) -> Result<bool, InvalidSpec> {
        let Some(old) = self.find(name) else {
            return Ok(false);
        };
        let anew = old.anew()?;
        // One that was replaced or deleted meanwhile stays so.
        if let Some(own) = self.lock().get_mut(name)
            && Arc::ptr_eq(own, &old)
        {
            *own = Arc::new(anew.after(Some(&old)));
        }
        Ok(true)
    }

    /// Restores what the mock was started with: the default issuer and those of the configuration.
    pub(crate) fn reset_all(&self) -> Result<(), InvalidSpec> {
        let named = self.spec.issuers.keys().map(String::as_str);
        let mut anew = Vec::new();
        for name in named.chain([""]) {
            anew.push((name, self.make(name, self.configured(name))?));
        }
        let mut issuers = self.lock();
        let old = std::mem::take(&mut *issuers);
        for (name, issuer) in anew {
            let issuer = issuer.after(old.get(name).map(Arc::as_ref));
            issuers.insert(name.to_owned(), Arc::new(issuer));
        }
        Ok(())
    }

    /// What the configuration says of the issuer itself.
    pub(crate) fn configured(&self, name: &str) -> IssuerSpec {
        self.spec.issuers.get(name).cloned().unwrap_or_default()
    }

    fn make(&self, name: &str, spec: IssuerSpec) -> Result<Issuer, InvalidSpec> {
        if !name.is_empty() && !is_issuer_name(name) {
            return Err(InvalidSpec::new("issuer", ISSUER_NAME));
        }
        let profile = self.profile(name, &spec)?;
        let spec = self.complete(name, spec);
        Issuer::new(
            name,
            spec,
            profile,
            &self.seed,
            &self.settings,
            self.closing.subscribe(),
            self.fetch.clone(),
        )
    }

    /// With the template's members and strictness, and with the platform that its name stands for unasked.
    fn complete(&self, name: &str, spec: IssuerSpec) -> IssuerSpec {
        let mut spec = spec.over(&self.spec.issuer);
        spec.strictness = spec.strictness.or(Some(self.spec.strictness));
        spec.platform = spec.platform.or_else(|| PlatformSpec::example(name));
        spec
    }

    /// The platform that an issuer stands in for, be it made already or not.
    pub(crate) fn platform_of(&self, name: &str) -> Option<PlatformSpec> {
        match self.find(name) {
            Some(issuer) => issuer.platform().cloned(),
            None => {
                let own = self.spec.issuers.get(name);
                let described = own.and_then(|spec| spec.platform.as_ref());
                let described = described.or(self.spec.issuer.platform.as_ref());
                described.cloned().or_else(|| PlatformSpec::example(name))
            }
        }
    }

    pub(crate) fn find_or_make(&self, name: &str) -> Result<Arc<Issuer>, NoIssuer> {
        if let Some(issuer) = self.find(name) {
            return Ok(issuer);
        }
        if self.lock().len() >= ISSUERS {
            return Err(NoIssuer::TooMany);
        }
        // Made outside the lock; of two that race, the first stays.
        let made = self.make(name, self.configured(name))?;
        let made = if self.spec.issuers.contains_key(name) {
            made
        } else {
            made.unasked()
        };
        let mut issuers = self.lock();
        if !issuers.contains_key(name) && issuers.len() >= ISSUERS {
            return Err(NoIssuer::TooMany);
        }
        Ok(Arc::clone(
            issuers.entry(name.to_owned()).or_insert(Arc::new(made)),
        ))
    }

    /// Ends the waiting of everyone who waits for a request.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }
}
