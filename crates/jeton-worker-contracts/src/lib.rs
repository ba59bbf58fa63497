//! Runs the contracts inside workerd, against real KV and real Durable Objects.
//! `tests/hosts/worker-contracts.test.mjs` asks for each and reads the answer; a broken contract is
//! a panic, which arrives there as a failed request with its message.

#![cfg(target_arch = "wasm32")]

mod authority;
mod fetch;

use jeton::{
    Advance, Attempt, BUDGET, Collection, Grant, Id128, Kind, Ledger, Marker, Realm, Registry,
    UnixTime,
};
use jeton_cloudflare::{DurableLedger, KV_BINDING, KvRegistry, WebCrypto};
pub use jeton_cloudflare::{GrantObject, RegistryObject};
use worker::{Context, Env, Error, Request, Response, Result, event};

const VALUE: Attempt = Id128([7; 16]);

#[event(fetch)]
async fn answer(request: Request, env: Env, _context: Context) -> Result<Response> {
    let ledger = DurableLedger::new(env.durable_object("JETON_LEDGER")?);
    let kv = env.kv(KV_BINDING)?;
    let authority = env.durable_object("JETON_AUTHORITY")?;
    let registry = KvRegistry::new(kv.clone(), Some(authority));
    match request.path().as_str() {
        "/registry" => jeton_contracts::registry(&registry).await,
        // Tells the KV that the tests put in the place of a real one how often to fail, or to hang.
        path if path.starts_with("/fail/") || path.starts_with("/hang/") => {
            let mut words = path.split('/').skip(1);
            let mut word = || words.next().unwrap_or_default();
            let put = kv.put(&format!("{}s:{}", word(), word()), word())?;
            put.execute().await?;
        }
        "/listed" => {
            let clients = Collection {
                realm: Realm::default(),
                kind: Kind::Client,
            };
            registry.list(&clients, None).await.map_err(describe)?;
        }
        path if path.starts_with("/authority/") => {
            return authority::answer_row(path, &registry, &kv).await;
        }
        "/crypto" => crypto().await?,
        "/fetch" => fetch::contract(&request).await?,
        "/ledger" => jeton_contracts::ledger(&ledger, "worker").await,
        // A step that arrives once its request has been told to try again is not taken.
        "/given-up" => {
            let now = now();
            let grant = jeton_contracts::grant(Id128([8; 16]), now);
            ledger.open(&grant, now).await.map_err(describe)?;
            let step = jeton_contracts::step(grant.id, 0, UnixTime(now.0 - BUDGET.0));
            if ledger.advance(&step).await.is_ok() {
                return Response::error("it was taken", 500);
            }
            let left = ledger.read(grant.id).await.map_err(describe)?;
            let step = jeton_contracts::step(grant.id, 0, now);
            let taken = ledger.advance(&step).await.map_err(describe)?;
            if left != Some(grant) || !matches!(taken, Advance::Advanced(_)) {
                return Response::error("it was taken after all, or the next one was not", 500);
            }
        }
        // A grant whose alarm cannot be set leaves nothing behind, and can be opened later.
        "/half" => {
            let whole = jeton_contracts::grant(Id128([9; 16]), now());
            let half = Grant {
                expires_at: UnixTime(u64::MAX / 4),
                ..whole.clone()
            };
            let now = whole.created_at;
            if ledger.open(&half, now).await.is_ok() {
                return Response::error("a time that no alarm can have was taken", 500);
            }
            let left = ledger.read(whole.id).await.map_err(describe)?;
            let opened = ledger.open(&whole, now).await.map_err(describe)?;
            if left.is_some() || !opened {
                return Response::error("something was left behind", 500);
            }
        }
        // Two records of one object, the second of which outlives the first alarm.
        "/alarm" => {
            let now = now();
            let (soon, late) = (UnixTime(now.0 + 2), UnixTime(now.0 + 5));
            ledger
                .claim(&marker(), VALUE, soon, now)
                .await
                .map_err(describe)?;
            ledger.count(&marker(), late, now).await.map_err(describe)?;
        }
        // What is stored, whether or not it has expired: seen from 1970 nothing has.
        "/stored" => {
            let holder = ledger
                .holder(&marker(), UnixTime(0))
                .await
                .map_err(describe)?;
            return Response::ok(if holder.is_some() { "kept" } else { "gone" });
        }
        // Counted on from what is stored, or anew.
        "/counted" => {
            let count = ledger
                .count(&marker(), UnixTime(now().0 + 60), UnixTime(0))
                .await
                .map_err(describe)?;
            return Response::ok(count.to_string());
        }
        _ => return Response::error("no such contract", 404),
    }
    Response::ok("kept")
}

async fn crypto() -> Result<()> {
    let crypto = WebCrypto::new().map_err(|error| Error::from(error.to_string()))?;
    jeton_contracts::crypto(&crypto).await;
    Ok(())
}

fn marker() -> Marker {
    Marker::for_test("alarm")
}

fn now() -> UnixTime {
    UnixTime(worker::Date::now().as_millis() / 1000)
}

fn describe(error: jeton::Unavailable) -> Error {
    Error::from(error.to_string())
}
