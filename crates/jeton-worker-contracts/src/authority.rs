//! Tests of the authority beyond the contract of a registry: how it and KV agree.

use jeton::{Document, Expected, Key, Put, Realm, Registry};
use jeton_cloudflare::KvRegistry;
use worker::{Error, Response, Result, kv::KvStore};

use crate::describe;

/// The answer to a request for one of these tests.
pub(crate) async fn answer_row(
    path: &str,
    registry: &KvRegistry,
    kv: &KvStore,
) -> Result<Response> {
    let held = match path {
        "/authority/by-hand" => changes_what_was_written_by_hand(registry, kv).await?,
        "/authority/deleted" => deletes_at_once(registry, kv).await?,
        "/authority/race" => one_of_two_writers_wins(registry, kv).await?,
        "/authority/without" => only_reads_without_authority(kv).await?,
        // A write that is answered while KV refuses it, and what KV shows.
        "/authority/put" => {
            let (key, document) = (key("late")?, document("late", "1"));
            let put = registry.put(&key, &document, &Expected::Absent).await;
            put.map_err(describe)? == Put::Done
        }
        "/authority/shown" => {
            let shown = registry.get(&key("late")?).await.map_err(describe)?;
            return Response::ok(if shown.is_some() { "shown" } else { "not yet" });
        }
        _ => return Response::error("no such row", 404),
    };
    if held {
        Response::ok("kept")
    } else {
        Response::error(path, 500)
    }
}

fn key(id: &str) -> Result<Key> {
    let id = id.parse().map_err(|_| Error::from("not a client_id"))?;
    Ok(Key::client(&Realm::default(), &id))
}

fn document(id: &str, says: &str) -> Document {
    Document::new(format!(r#"{{"client_id":"{id}","client_name":"{says}"}}"#))
}

/// Writes a client to KV, as `wrangler kv key put` does.
async fn write(kv: &KvStore, id: &str, document: &Document) -> Result<()> {
    let put = kv.put(&format!("client:{id}"), document.as_str())?;
    Ok(put.execute().await?)
}

async fn shown(kv: &KvStore, id: &str) -> Result<Option<Document>> {
    let text = kv.get(&format!("client:{id}")).text().await?;
    Ok(text.map(Document::new))
}

/// A document that was written by hand stands until the authority is asked to change it.
async fn changes_what_was_written_by_hand(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let id = "by hand/a:b";
    let (key, hand, next) = (key(id)?, document(id, "hand"), document(id, "next"));
    write(kv, id, &hand).await?;
    let expect_absent = registry.put(&key, &next, &Expected::Absent).await;
    let expect_hand = Expected::Version(hand.version());
    let put = registry.put(&key, &next, &expect_hand).await;
    let stands = shown(kv, id).await?;
    let other = self::key("by hand too")?;
    write(kv, &other.name, &hand).await?;
    let deleted = registry.delete(&other, &Expected::Anything).await;
    Ok(
        expect_absent.map_err(describe)? == Put::Conflict(Some(hand))
            && put.map_err(describe)? == Put::Done
            && stands == Some(next)
            && deleted.map_err(describe)? == Put::Done
            && shown(kv, "by hand too").await?.is_none(),
    )
}

/// A deleted document does not count for the authority, although KV shows it for up to a minute.
async fn deletes_at_once(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let id = "deleted";
    let (key, old, next) = (key(id)?, document(id, "old"), document(id, "next"));
    let put = registry.put(&key, &old, &Expected::Absent).await;
    let delete = registry
        .delete(&key, &Expected::Version(old.version()))
        .await;
    write(kv, id, &old).await?;
    let expect_old = Expected::Version(old.version());
    let undone = registry.put(&key, &next, &expect_old).await;
    let anew = registry.put(&key, &next, &Expected::Absent).await;
    Ok(put.map_err(describe)? == Put::Done
        && delete.map_err(describe)? == Put::Done
        && undone.map_err(describe)? == Put::Conflict(None)
        && anew.map_err(describe)? == Put::Done
        && shown(kv, id).await? == Some(next))
}

/// Of two writers one is told that it lost, and KV shows what the other wrote.
async fn one_of_two_writers_wins(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let id = "race";
    let (key, one, other) = (key(id)?, document(id, "one"), document(id, "other"));
    let (first, second) = futures_util::join!(
        registry.put(&key, &one, &Expected::Absent),
        registry.put(&key, &other, &Expected::Absent),
    );
    let won = match (first.map_err(describe)?, second.map_err(describe)?) {
        (Put::Done, Put::Conflict(standing)) if standing.as_ref() == Some(&one) => one,
        (Put::Conflict(standing), Put::Done) if standing.as_ref() == Some(&other) => other,
        _ => return Ok(false),
    };
    Ok(shown(kv, id).await? == Some(won))
}

/// Without an authority nothing is written, and everything is read.
async fn only_reads_without_authority(kv: &KvStore) -> Result<bool> {
    let (id, hand) = ("without", document("without", "hand"));
    write(kv, id, &hand).await?;
    let registry = KvRegistry::new(kv.clone(), None);
    let put = registry.put(&key(id)?, &hand, &Expected::Anything).await;
    let refused = put.is_err_and(|error| error.store == "authority");
    let read = registry.get(&key(id)?).await.map_err(describe)?;
    Ok(refused && read == Some(hand))
}
