//! How long one verification of an access token takes, by `jeton-resource-server` and by
//! `jsonwebtoken` as an application would call it. The two take turns, a few tokens each, so that what
//! else the machine does befalls both.
//!
//! Prints a line of JSON for each library and algorithm, and one with the ratio of their medians:
//! above 1 the first is faster. Run with `cargo run --release -p bench-verify`.
#![expect(clippy::print_stdout, reason = "what it is for")]

mod keys;

use std::{
    collections::HashMap,
    hint::black_box,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use futures_util::FutureExt;
use jeton_resource_server::{Credentials, ResourceServer};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::json;

use crate::keys::{Key, keys};

const ISSUER: &str = "https://tokens.example";
const AUDIENCE: &str = "https://api.example";

/// Different tokens, so that no cache of the processor sees one alone.
const TOKENS: usize = 64;
/// Of each library, after as many again that are not counted.
const TIMES: usize = 20_000;
/// Verifications of one library before it is the other's turn.
const TURN: usize = 50;

/// What an application declares for `jsonwebtoken`: the claims of RFC 9068.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    jti: String,
    client_id: String,
    scope: String,
}

fn main() -> Result<()> {
    for key in keys()? {
        let authorizations = (0..TOKENS)
            .map(|at| Ok(format!("Bearer {}", token(&key, at)?)))
            .collect::<Result<Vec<_>>>()?;
        let (ours, theirs) = (ours(&key)?, theirs(&key)?);
        let [ours, theirs] = measured(&authorizations, [&ours, &theirs])?;
        let algorithm = format!("{:?}", key.algorithm);
        print("jeton-resource-server", &algorithm, &ours)?;
        print("jsonwebtoken", &algorithm, &theirs)?;
        let ratio = median(&theirs)?.as_secs_f64() / median(&ours)?.as_secs_f64();
        let ratio = (ratio * 100.0).round() / 100.0;
        let line = json!({
            "bench": "verify", "language": "rust", "algorithm": algorithm, "ratio": ratio,
        });
        println!("{line}");
    }
    Ok(())
}

type Verify<'a> = dyn Fn(&str) -> Result<()> + 'a;

fn ours(key: &Key) -> Result<impl Fn(&str) -> Result<()>> {
    let server = ResourceServer::builder(ISSUER, AUDIENCE)
        .jwks(json!({ "keys": [key.jwk] }))
        .build()?;
    Ok(move |authorization: &str| {
        let credentials = Credentials::new().authorization(authorization);
        let verified = server.verify(&credentials).now_or_never();
        let claims = verified.context("it waited")??;
        anyhow::ensure!(claims.scope.contains("read"));
        black_box(claims);
        Ok(())
    })
}

fn theirs(key: &Key) -> Result<impl Fn(&str) -> Result<()>> {
    let decoding = DecodingKey::from_jwk(&serde_json::from_value(key.jwk.clone())?)?;
    let by_kid = HashMap::from([("first".to_owned(), decoding)]);
    let mut validation = Validation::new(key.algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_nbf = true;
    Ok(move |authorization: &str| {
        let token = authorization.strip_prefix("Bearer ").context("no token")?;
        let header = decode_header(token)?;
        anyhow::ensure!(header.typ.as_deref() == Some("at+jwt"));
        let key = header
            .kid
            .and_then(|kid| by_kid.get(&kid))
            .context("no key")?;
        let claims = decode::<Claims>(token, key, &validation)?.claims;
        anyhow::ensure!(claims.scope.split(' ').any(|scope| scope == "read"));
        black_box((claims.iss, claims.sub, claims.aud, claims.exp));
        black_box((claims.iat, claims.jti, claims.client_id));
        Ok(())
    })
}

/// The time of each verification, of each library.
fn measured(authorizations: &[String], verify: [&Verify<'_>; 2]) -> Result<[Vec<Duration>; 2]> {
    let mut times = [Vec::with_capacity(TIMES), Vec::with_capacity(TIMES)];
    let mut turn = |count: usize| -> Result<()> {
        for start in (0..count).step_by(TURN) {
            for (verify, times) in verify.iter().zip(&mut times) {
                for authorization in authorizations
                    .iter()
                    .cycle()
                    .skip(start % TOKENS)
                    .take(TURN)
                {
                    let begin = Instant::now();
                    verify(authorization)?;
                    times.push(begin.elapsed());
                }
            }
        }
        Ok(())
    };
    turn(TIMES)?;
    turn(TIMES)?;
    for times in &mut times {
        times.drain(..TIMES);
        times.sort_unstable();
    }
    Ok(times)
}

fn median(sorted: &[Duration]) -> Result<Duration> {
    sorted
        .get(sorted.len() / 2)
        .copied()
        .context("nothing was measured")
}

fn print(library: &str, algorithm: &str, sorted: &[Duration]) -> Result<()> {
    let micros = |time: Duration| (time.as_secs_f64() * 1e7).round() / 10.0;
    let p99 = sorted.get(sorted.len() * 99 / 100).copied();
    let all: Duration = sorted.iter().sum();
    let per_second = f64::from(u32::try_from(sorted.len())?) / all.as_secs_f64();
    let line = json!({
        "bench": "verify",
        "language": "rust",
        "library": library,
        "algorithm": algorithm,
        "count": sorted.len(),
        "per_second": per_second.round(),
        "p50_us": micros(median(sorted)?),
        "p99_us": micros(p99.context("nothing was measured")?),
    });
    println!("{line}");
    Ok(())
}

fn token(key: &Key, at: usize) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({
        "iss": ISSUER,
        "sub": "248289761001",
        "aud": AUDIENCE,
        "exp": now + 3600,
        "iat": now,
        "jti": format!("4191i7J3ykXZpH2o3QKV{at:02}"),
        "client_id": "s6BhdRkqt3",
        "scope": "openid profile read write",
    });
    key.sign(&claims)
}
