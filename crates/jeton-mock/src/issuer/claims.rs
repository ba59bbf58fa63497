//! The users and claim rules of an issuer, and what both say of the person of a grant.

use std::sync::Arc;

use jeton::{Client, GrantId, Ledger};
use serde_json::Map;

use super::Issuer;
use crate::{
    claims::{Additions, Facts, KeptRule, Made, Person, check_rule},
    file,
    spec::{ClaimPlace, ClaimRule, InvalidSpec, Strictness, User},
};

impl Issuer {
    pub(crate) fn users(&self) -> Vec<User> {
        self.lock().users.clone()
    }

    pub(crate) fn put_user(&self, user: User) -> Result<(), InvalidSpec> {
        file::check_user(&user)?;
        let mut state = self.lock();
        let state = &mut *state;
        let known = state.users.iter_mut().find(|known| known.sub == user.sub);
        let former = state.former.entry(user.sub.clone()).or_default();
        match known {
            Some(known) => {
                former.note(known);
                *known = user;
            }
            None => {
                former.note(&User::new(&user.sub));
                state.users.push(user);
            }
        }
        Ok(())
    }

    pub(crate) fn remove_user(&self, sub: &str) -> bool {
        let mut state = self.lock();
        let Some(at) = state.users.iter().position(|user| user.sub == sub) else {
            return false;
        };
        let removed = state.users.remove(at);
        state
            .former
            .entry(removed.sub.clone())
            .or_default()
            .note(&removed);
        true
    }

    pub(crate) fn rules(&self) -> Vec<KeptRule> {
        self.lock().rules.list()
    }

    pub(crate) fn rule(&self, id: u64) -> Option<Arc<KeptRule>> {
        self.lock().rules.find(id)
    }

    pub(crate) fn add_rule(&self, rule: ClaimRule) -> Result<Arc<KeptRule>, InvalidSpec> {
        check_rule(&rule)?;
        Ok(self.lock().rules.add(rule))
    }

    pub(crate) fn remove_rule(&self, id: u64) -> bool {
        self.lock().rules.remove(id)
    }

    pub(crate) fn clear_rules(&self) {
        self.lock().rules.clear();
    }

    /// Gives a grant, which is about to have its first tokens, the rules that waited for the next login.
    pub(crate) fn begin(&self, grant: &str, login: &Facts<'_>) {
        let take = || self.lock().rules.take_next_login(login);
        self.remembered.begin(grant, take);
    }

    /// Whether a user or a rule adds claims to tokens.
    pub(crate) fn adds_claims(&self) -> bool {
        let state = self.lock();
        !self.profile_rules.is_empty()
            || !state.rules.is_empty()
            || state.users.iter().any(User::adds_claims)
    }

    /// What users and rules add to the tokens or the answer of a request of `grant`.
    pub(crate) async fn additions(
        &self,
        grant: Option<GrantId>,
        facts: &Facts<'_>,
        made: &Made<'_>,
    ) -> Additions {
        let (person, taken) = match grant {
            Some(grant) => (
                self.person(grant).await,
                self.remembered.rules(&grant.to_string()),
            ),
            None => (None, Vec::new()),
        };
        let places = match facts.client_id {
            Some(client_id) if self.lists_claims(client_id) => &[],
            _ => self.user_claims(),
        };
        let state = self.lock();
        let user = facts
            .subject
            .and_then(|subject| state.users.iter().find(|user| user.sub == subject));
        let claims = match &person {
            Some(person) => Some(person.claims.clone()),
            None => user.map(User::grant_claims),
        };
        let facts = Facts {
            user: claims.as_ref(),
            ..*facts
        };
        let rules = state.rules.acting(&taken);
        let rules = rules.iter().map(|kept| &kept.rule);
        let rules = self.profile_rules.iter().chain(rules);
        let person = person.as_ref().map(|person| (person, places));
        Additions::of(person, user, rules, &facts, made)
    }

    /// Where the claims of users are, beside `/userinfo`.
    fn user_claims(&self) -> &[ClaimPlace] {
        match (&self.spec.user_claims, self.strictness) {
            (Some(places), _) => places,
            (None, Strictness::Lenient) => &[ClaimPlace::IdToken, ClaimPlace::Introspection],
            (None, Strictness::Strict) => &[],
        }
    }

    /// Whether the record of a client says itself which claims go where.
    fn lists_claims(&self, client_id: &str) -> bool {
        let client = client_id
            .parse()
            .ok()
            .and_then(|id| self.registry.registered(&id));
        client.is_some_and(|Client { claims, .. }| {
            !claims.id_token.is_empty()
                || !claims.access_token.is_empty()
                || claims.userinfo.is_some()
        })
    }

    /// The person of a grant. Where the issuer is lenient, who was replaced since is what they are now; a
    /// strict one keeps with a grant what its login said, as production does.
    async fn person(&self, grant: GrantId) -> Option<Person> {
        let grant = self.ledger.read(grant).await.ok()??;
        let mut said = grant.claims.inline;
        if let Some(attached) = &grant.claims.attached {
            let others = self.ledger.kept(attached).await.ok()??;
            let others: Map<_, _> = serde_json::from_str(&others).ok()?;
            said.extend(others);
        }
        let subject = grant.subject?;
        let state = self.lock();
        let was = state.former.get(&subject);
        let was_replaced =
            self.strictness == Strictness::Lenient && was.is_some_and(|former| former.had(&said));
        let claims = if was_replaced {
            let user = state.users.iter().find(|user| user.sub == subject);
            user.cloned()
                .unwrap_or_else(|| User::new(&subject))
                .grant_claims()
        } else {
            said.clone()
        };
        Some(Person {
            scope: grant.scope.to_string(),
            said,
            claims,
        })
    }
}
