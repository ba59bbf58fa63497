//! The registry: documents as rows.

use jeton::{
    Collection, Cursor, Document, Expected, Key, PAGE, Page, Put, Registry, Seconds, Unavailable,
};
use rusqlite::{Connection, OptionalExtension};

use crate::database::{Database, integer};

impl Registry for Database {
    fn unknown_age(&self) -> Seconds {
        Seconds(0)
    }

    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        let key = key.clone();
        self.read(move |connection| document(connection, &key))
            .await
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.change(key, Some(document), expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.change(key, None, expected).await
    }

    /// A page of a collection. Its cursor is the last name of the page before.
    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        let collection = collection.clone();
        let after = after.map_or_else(String::new, |cursor| cursor.0.clone());
        self.read(move |connection| {
            let Collection { realm, kind } = collection;
            let mut statement = connection.prepare_cached(
                "SELECT name, record FROM document
                 WHERE realm = ?1 AND kind = ?2 AND name > ?3 ORDER BY name LIMIT ?4",
            )?;
            // One more than fits says that there are more.
            let parameters = (realm.as_str(), kind.as_str(), after, PAGE as i64 + 1);
            let rows = statement.query_map(parameters, |row| {
                Ok((row.get(0)?, Document::new(row.get::<_, String>(1)?)))
            })?;
            let mut documents: Vec<(String, _)> = rows.collect::<Result<_, _>>()?;
            let more = documents.len() > PAGE;
            documents.truncate(PAGE);
            let next = documents.last().filter(|_| more);
            Ok(Page {
                next: next.map(|(name, _)| Cursor(name.clone())),
                documents,
            })
        })
        .await
    }
}

impl Database {
    async fn change(
        &self,
        key: &Key,
        next: Option<&Document>,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        let (key, next, expected) = (key.clone(), next.cloned(), expected.clone());
        self.write(move |connection| {
            let standing = document(connection, &key)?;
            if !expected.allows(standing.as_ref(), next.as_ref()) {
                return Ok(Put::Conflict(standing));
            }
            let (realm, kind, name) = columns(&key);
            match &next {
                Some(document) => connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO document (realm, kind, name, record, kept_until)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((
                        realm,
                        kind,
                        name,
                        document.as_str(),
                        key.kept_until(document).map(integer),
                    ))?,
                None => connection
                    .prepare_cached(
                        "DELETE FROM document WHERE realm = ?1 AND kind = ?2 AND name = ?3",
                    )?
                    .execute((realm, kind, name))?,
            };
            Ok(Put::Done)
        })
        .await
    }
}

fn columns(key: &Key) -> (&str, &str, &str) {
    let Collection { realm, kind } = &key.collection;
    (realm.as_str(), kind.as_str(), &key.name)
}

fn document(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Document>> {
    let record: Option<String> = connection
        .prepare_cached("SELECT record FROM document WHERE realm = ?1 AND kind = ?2 AND name = ?3")?
        .query_row(columns(key), |row| row.get(0))
        .optional()?;
    Ok(record.map(Document::new))
}

#[cfg(test)]
mod tests {
    use jeton::{Kind, Realm};

    use super::*;

    #[tokio::test]
    async fn contract() {
        let folder = tempfile::tempdir().unwrap();
        jeton_contracts::registry(&Database::for_test(&folder)).await;
    }

    #[tokio::test]
    async fn contract_of_keeping() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::for_test(&folder);
        let sweep = async |at| {
            database.sweep(at).await.unwrap();
        };
        jeton_contracts::registry_keeping(&database, sweep).await;
    }

    #[tokio::test]
    async fn each_call_is_one_transaction_or_one_read() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::for_test(&folder);
        let key = Key::client(&Realm::default(), &"a".parse().unwrap());
        let document = Document::new("{}");
        let statements = database.trace();
        let check = |call: &str, expected: &str| {
            let words: Vec<_> = statements.lock().unwrap().drain(..).collect();
            assert_eq!(words.join(" "), expected, "{call}");
        };

        for _ in 0..2 {
            let put = database.put(&key, &document, &Expected::Anything).await;
            put.unwrap();
            check("put", "BEGIN SELECT INSERT COMMIT");
        }
        let other = Document::new("{ }");
        let put = database.put(&key, &other, &Expected::Absent).await;
        put.unwrap();
        check("put, conflict", "BEGIN SELECT COMMIT");
        database.get(&key).await.unwrap();
        check("get", "SELECT");
        database.list(&key.collection, None).await.unwrap();
        check("list", "SELECT");
        let delete = database.delete(&key, &Expected::Anything).await;
        delete.unwrap();
        check("delete", "BEGIN SELECT DELETE COMMIT");
    }

    #[tokio::test]
    async fn a_list_reads_its_range_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::for_test(&folder);
        let plan: String = database
            .read(|connection| {
                connection.query_row(
                    "EXPLAIN QUERY PLAN SELECT name, record FROM document
                     WHERE realm = '' AND kind = ?1 AND name > '' ORDER BY name LIMIT 2",
                    [Kind::Client.as_str()],
                    |row| row.get(3),
                )
            })
            .await
            .unwrap();
        let range = "SEARCH document USING PRIMARY KEY (realm=? AND kind=? AND name>?)";
        assert_eq!(plan, range);
    }
}
