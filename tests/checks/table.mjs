// The checks: what each is, where it stands, the text that makes it and what stands there without it, and the
// files of rows that ask for it.

const KEYS = ['private-key-jwt'];
const TRUST = ['trust', 'trust-refused'];
const EXCHANGE = ['token-exchange'];
const ANY = [...KEYS, ...TRUST];

const assertion = 'assertion.rs';
const client = 'authentication/assertion.rs';
const jwt = 'jose/verify.rs';
const foreign = 'foreign_token.rs';

export const checks = [
  {
    check: 'typ is that of an assertion',
    file: assertion,
    without: ['fits.then_some(()).ok_or(AssertionFault::Typ)', 'Ok(())'],
    rows: ANY,
  },
  {
    check: 'exp is there',
    file: assertion,
    without: ['.ok_or(AssertionFault::Claim("exp"))?', '.unwrap_or(now + Seconds(1))'],
    rows: ANY,
  },
  { check: 'exp is not past', file: assertion, without: ['if now >= exp + LEEWAY {', 'if false {'], rows: ANY },
  {
    check: 'exp is not far ahead',
    file: assertion,
    without: ['if exp > now + longest + LEEWAY {', 'if false {'],
    rows: ANY,
  },
  {
    check: 'iat and nbf are not ahead',
    file: assertion,
    without: ['is_some_and(|time| time > now + LEEWAY)', 'is_some_and(|_| false)'],
    rows: ANY,
  },
  {
    check: 'jti is there',
    file: assertion,
    without: ['text(claims, "jti")?', 'text(claims, "jti").unwrap_or(issuer)'],
    rows: KEYS,
  },
  { check: 'jti counts once', file: assertion, without: ['if is_first {', 'if is_first || true {'], rows: ANY },
  {
    check: 'aud of a client’s assertion is this issuer',
    file: client,
    without: ['if is_issuer || is_endpoint() {', 'if is_issuer || is_endpoint() || true {'],
    rows: KEYS,
  },
  {
    check: 'aud of a client’s assertion is no array',
    file: client,
    without: [
      'text(claims, "aud").map_err(|_| AssertionFault::Audience)?',
      'claims.get("aud").and_then(|aud| aud.as_array().and_then(|all| all.first()).unwrap_or(aud).as_str()).unwrap_or_default()',
    ],
    rows: KEYS,
  },
  {
    check: 'the token endpoint is an audience by the record only',
    file: client,
    without: ['policy.token_endpoint_is_audience && ', ''],
    rows: KEYS,
  },
  {
    check: 'sub is the client that is named',
    file: client,
    without: ['if text(claims, "sub")? != client.id.as_str() {', 'if text(claims, "sub")?.is_empty() {'],
    rows: KEYS,
  },
  {
    check: 'the algorithm is the one of the record',
    file: client,
    without: [
      'algorithm.unwrap_or(&VERIFICATION_ALGORITHMS)',
      'algorithm.map_or(&VERIFICATION_ALGORITHMS[..], |_| &VERIFICATION_ALGORITHMS)',
    ],
    rows: KEYS,
  },
  {
    check: 'the type of the assertion is known',
    file: client,
    without: ['Kind::Unsupported => return Err(AssertionFault::Type.into()),', 'Kind::Unsupported => Form::Jwt,'],
    rows: ANY,
  },
  {
    check: 'one authentication in a request',
    file: 'authentication.rs',
    without: ['if by_secret || by_assertion {', 'if false {'],
    rows: [...KEYS, 'client-authentication'],
  },
  {
    check: 'crit and b64 are refused',
    file: jwt,
    without: ['if header.contains_key("crit") || header.contains_key("b64") {', 'if false {'],
    rows: ANY,
  },
  {
    check: 'a key in the header is refused',
    file: jwt,
    without: ['if OWN_KEY.iter().any(|name| self.header.contains_key(*name)) {', 'if false {'],
    rows: ANY,
  },
  {
    check: 'one of the keys has signed',
    file: jwt,
    without: [
      '            fault = JwtFault::Signature;',
      '            fault = JwtFault::Signature;\n            return Ok(());',
    ],
    rows: ANY,
  },
  {
    check: 'a claim stands once',
    file: jwt,
    without: ['if map.insert(name, value).is_some() {', 'if map.insert(name, value).is_some() && false {'],
    rows: ANY,
  },
  {
    check: 'the issuer is enabled',
    file: foreign,
    without: ['return if issuer.disabled {', 'return if false {'],
    rows: TRUST,
  },
  {
    check: 'cnf and authorization_details are refused',
    file: foreign,
    without: ['match names.find(|name| claims.contains_key(*name)) {', 'match names.find(|_| claims.is_empty()) {'],
    rows: TRUST,
  },
  {
    check: 'an SVID is of the trust domain whose keys signed it',
    file: foreign,
    without: [
      'if issuer.is_trust_domain() && trust_domain_of(subject) != Some(issuer.issuer.as_str()) {',
      'if false {',
    ],
    rows: TRUST,
  },
  { check: 'the rule is enabled', file: foreign, without: ['    rule.disabled\n', '    false\n'], rows: TRUST },
  {
    check: 'the rule is of the client that is named',
    file: foreign,
    without: ['client_id.is_none_or(|wanted| rule.client_id.as_str() == wanted)', 'client_id.is_none_or(|_| true)'],
    rows: TRUST,
  },
  {
    check: 'rules of several clients are no choice',
    file: foreign,
    without: ['Some(_) => return Err(AssertionFault::SeveralClients),', 'Some(_) => {}'],
    rows: TRUST,
  },
  {
    check: 'aud is the rule’s',
    file: foreign,
    without: ['if !is_sole_audience(claims.get("aud"), audience) {', 'if false {'],
    rows: TRUST,
  },
  {
    check: 'aud is one',
    file: foreign,
    without: [
      'matches!(several.as_slice(), [Value::String(only)] if only == audience)',
      'several.iter().any(|one| one == audience)',
    ],
    rows: TRUST,
  },
  {
    check: 'every condition is met',
    file: foreign,
    without: ['find(|(_, it)| !it.is_met(claims))', 'find(|_| false)'],
    rows: TRUST,
  },
  {
    check: 'the client of a rule is confidential',
    file: foreign,
    without: ['client.filter(|client| client.is_confidential())', 'client.filter(|_| true)'],
    rows: TRUST,
  },
  {
    check: 'the rule’s scope',
    file: foreign,
    without: ['client.scope = client.scope.within(scope);', 'let _ = scope;'],
    rows: TRUST,
  },
  {
    check: 'the rule’s audiences',
    file: foreign,
    without: ['client.audiences.retain(|own| audiences.contains(own));', ''],
    rows: TRUST,
  },
  {
    check: 'no token outlives the assertion',
    file: foreign,
    without: ['longest.min(expires_at.since(at.now))', 'longest.max(Seconds(1))'],
    rows: TRUST,
  },
  {
    check: 'the rule’s lifetime',
    file: foreign,
    without: ['client.access_token_lifetime = Some(longest);', ''],
    rows: TRUST,
  },
  {
    check: 'a missing claim meets nothing',
    file: 'trust/condition.rs',
    without: ['.is_some_and(|value| self.test.is_met(value))', '.is_none_or(|value| self.test.is_met(value))'],
    rows: TRUST,
  },
  {
    check: 'types of values',
    file: 'trust/condition.rs',
    without: [
      '            _ => false,\n        }\n    }\n}\n\nimpl Condition',
      '            (Self::Text(own), value) => *own == value.to_string(),\n            _ => false,\n        }\n    }\n}\n\nimpl Condition',
    ],
    rows: TRUST,
  },
  {
    check: 'keys are asked for again at most once a minute',
    file: 'fetch/documents.rs',
    without: ['const COOL_DOWN: Seconds = Seconds(60);', 'const COOL_DOWN: Seconds = Seconds(0);'],
    rows: ['foreign-keys'],
  },
  {
    check: 'a client that is disabled is none',
    file: 'registry/cache.rs',
    without: ['!client.disabled', 'true'],
    rows: ['rights'],
  },
  {
    check: 'a token is exchanged by its client or an audience',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['return Err(ExchangeFault::OthersSubject.into());', '();'],
    rows: EXCHANGE,
  },
  {
    check: 'may_act',
    file: 'grant/token_exchange.rs',
    without: ['Err(ExchangeFault::MayAct)', 'Ok(())'],
    rows: EXCHANGE,
  },
  {
    check: 'chains of actors end',
    file: 'grant/token_exchange.rs',
    without: ['act.chain().count() <= MOST_ACTORS && ', ''],
    rows: EXCHANGE,
  },
  {
    check: 'an actor token is the client’s own',
    file: 'grant/token_exchange/actor.rs',
    without: ['return Err(ExchangeFault::OthersActor.into());', '();'],
    rows: EXCHANGE,
  },
  {
    check: 'a public client exchanges nothing',
    file: 'grant/token_exchange.rs',
    without: ['if !client.is_confidential() {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'a token with cnf is not exchanged',
    file: 'grant/token_exchange/own_token.rs',
    without: ['return Err(ExchangeFault::Bound.into());', '();'],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token has no more scope than the one before',
    file: 'target.rs',
    without: ['return Err(ExchangeFault::Scope.into());', '();'],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token has no scope that its client has not',
    file: 'target.rs',
    without: ['scope = held.scope.within(&client.scope);', 'scope = held.scope.clone();'],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token has no audience that the one before has not',
    file: 'target.rs',
    without: ['Some(_) => Err(ExchangeFault::Target.into()),', 'Some(_) => Ok(requested),'],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token has no audience that its client has not',
    file: 'target.rs',
    without: ['.filter(|held| registered.contains(held))', ''],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token lives no longer than the one before',
    file: 'grant/token_exchange/own_subject.rs',
    without: [
      'longest.map_or(token.exp, |longest| token.exp.min(at.now + longest))',
      'longest.map_or(crate::time::UnixTime(u64::MAX), |longest| at.now + longest)',
    ],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token lives no longer than the actor’s',
    file: 'grant/token_exchange.rs',
    without: ['about.until = about.until.min(actor.until);', ''],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token says no more than its client’s record lists',
    file: 'grant/token_exchange/own_subject.rs',
    without: [
      'claims = Disclosure::new(place, client, &portion.scope, requested).part_of(&claims);',
      'let _ = (place, requested);',
    ],
    rows: EXCHANGE,
  },
  {
    check: '/userinfo says no more than the first client may know',
    file: 'endpoint/userinfo.rs',
    without: ['if root.id != client.id {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'an exchanged token is revoked alone',
    file: 'endpoint/revoke.rs',
    without: ['if !token.is_revoked_alone()', 'if true'],
    rows: EXCHANGE,
  },
  {
    check: 'that an exchanged token was revoked is seen',
    file: 'grant/live.rs',
    without: ['if token.is_revoked_alone() && is_revoked', 'if token.sid.is_none() && is_revoked'],
    rows: EXCHANGE,
  },
  {
    check: 'whose exchanged token it is may exchange now',
    file: 'grant/live.rs',
    without: [
      'let may = holder.may_use(GrantType::TokenExchange) && holder.is_confidential();',
      'let may = holder.is_confidential();',
    ],
    rows: EXCHANGE,
  },
  {
    check: 'the first client has the scope now',
    file: 'grant/live.rs',
    without: ['let scope = portion.scope.within(&root.scope);', 'let scope = portion.scope.clone();'],
    rows: EXCHANGE,
  },
  {
    check: 'the first client may have such tokens now',
    file: 'grant/live.rs',
    without: ['grant.client_id == root.id && has_grants(&root)', 'grant.client_id == root.id'],
    rows: EXCHANGE,
  },
  {
    check: 'a machine’s token stands by its grant type',
    file: 'grant/live.rs',
    without: ['if !may || !root.is_confidential()', 'if !root.is_confidential()'],
    rows: EXCHANGE,
  },
  {
    check: 'a cut-off of the client that exchanged',
    file: 'grant/live.rs',
    without: ['if !may || issued_at < cut_off_of_client(at, &holder.id).await? {', 'if !may {'],
    rows: EXCHANGE,
  },
  {
    check: 'a cut-off of the first client, however young the token',
    file: 'grant/live.rs',
    without: ['let begun_at = from.map_or(token.iat, |from| from.iat);', 'let begun_at = token.iat;'],
    rows: EXCHANGE,
  },
  {
    check: 'a cut-off of a hashed subject',
    file: 'grant/live.rs',
    without: ['Ok(standing.is_ok())', 'Ok(standing.is_ok() || true)'],
    rows: EXCHANGE,
  },
  {
    check: 'an actor token has no actor itself',
    file: 'grant/token_exchange/actor.rs',
    without: ['if token.act.is_some() {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'an actor token of another issuer has no actor itself',
    file: 'grant/token_exchange/actor.rs',
    without: ['if vouched.claims.contains_key("act") {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'an own actor token needs its client’s authentication',
    file: 'grant/token_exchange.rs',
    without: ['Some(PresentedToken::Own(_)) => {', 'Some(PresentedToken::Own(_)) if false => {'],
    rows: EXCHANGE,
  },
  {
    check: 'no other issuer names an actor of ours',
    file: 'grant/token_exchange/foreign_subject.rs',
    without: ['actor.iss.as_deref() == Some(own_issuer)', 'actor.iss.as_deref() == Some(own_issuer) && false'],
    rows: EXCHANGE,
  },
  {
    check: 'may_act of another issuer names its own clients',
    file: 'delegation.rs',
    without: [' && self.0.get("client_id").is_none();', ';'],
    rows: EXCHANGE,
  },
  {
    check: 'impersonation is by rule',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['rule.is_some_and(|rule| rule.impersonation)', 'true'],
    rows: EXCHANGE,
  },
  {
    check: 'a rule about own tokens is for its client',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['rules.filter(|rule| rule.client_id == client.id)', 'rules.filter(|_| true)'],
    rows: EXCHANGE,
  },
  {
    check: 'a rule about own tokens that is disabled',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['!rule.disabled && is_for', 'is_for'],
    rows: EXCHANGE,
  },
  {
    check: 'a rule about own tokens is for its audience',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['is_for && rule', '(is_for || true) && rule'],
    rows: EXCHANGE,
  },
  {
    check: 'a rule about own tokens counts each once',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['if rule.is_some_and(|rule| rule.single_use) {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'requested_token_type',
    file: 'grant/token_exchange/presented.rs',
    without: ['requested != ACCESS_TOKEN_TYPE', 'requested.is_empty()'],
    rows: EXCHANGE,
  },
  {
    check: 'own tokens are exchanged as access tokens alone',
    file: 'grant/token_exchange/presented.rs',
    without: ['if form == Form::Jwt {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'a token is good while what it was exchanged from is',
    file: 'grant/live.rs',
    without: ['&& is_revoked(at, jti).await?', '&& jti.is_empty()'],
    rows: EXCHANGE,
  },
  {
    check: 'a chain of exchanges ends',
    file: 'grant/token_exchange/own_subject.rs',
    without: ['if exchanged_from.len() > MOST_EXCHANGES {', 'if false {'],
    rows: EXCHANGE,
  },
  {
    check: 'where there are rules about own tokens, one is met',
    file: 'grant/token_exchange/own_subject.rs',
    without: [
      'rules.find(is_met).ok_or(ExchangeFault::Rule)?',
      'rules.find(is_met).or(document.rules.first()).ok_or(ExchangeFault::Rule)?',
    ],
    rows: EXCHANGE,
  },
];
