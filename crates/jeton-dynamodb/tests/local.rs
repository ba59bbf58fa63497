//! The stores on Amazon's DynamoDB Local.
//!
//! Run with `cargo xtask test`, or alone, after `npm ci` in `tests/`:
//! `node tests/hosts/aws-dynamodb.mjs cargo test -p jeton-dynamodb -- --include-ignored`
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{env, time::Instant};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};
use jeton::Registry;
use jeton_dynamodb::DynamoRegistry;

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

/// A table of its own for each test, of the shape that `template.yaml` deploys.
async fn table(dynamodb: &Client, name: &str) -> String {
    let name = format!("{name}-{}", std::process::id());
    dynamodb
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("pk")
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        )
        .key_schema(
            KeySchemaElement::builder()
                .attribute_name("pk")
                .key_type(KeyType::Hash)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    name
}

async fn put(dynamodb: &Client, table: &str, id: &str, attribute: &str, value: &str) {
    dynamodb
        .put_item()
        .table_name(table)
        .item("pk", AttributeValue::S(format!("client#{id}")))
        .item(attribute, AttributeValue::S(value.to_owned()))
        .send()
        .await
        .unwrap();
}

fn local() -> Client {
    client(&env::var("JETON_TEST_DYNAMODB").expect("the address of a DynamoDB Local"))
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of this file says how to run it"]
async fn registry_keeps_its_contract() {
    let dynamodb = local();
    let table = table(&dynamodb, "contract").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    jeton_contracts::registry(&registry, async |id: &str, json: &str| {
        put(&dynamodb, &table, id, "record", json).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of this file says how to run it"]
async fn says_which_item_cannot_be_read() {
    let dynamodb = local();
    let table = table(&dynamodb, "unreadable").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    for (id, attribute, value, expected) in [
        (
            "half",
            "record",
            "{\"client_id\":\"ha",
            r#"item "client#half": EOF"#,
        ),
        (
            "bare",
            "other",
            "",
            r#"item "client#bare": it has no string attribute `record`"#,
        ),
        (
            "moved",
            "record",
            r#"{"client_id":"else","token_endpoint_auth_method":"none"}"#,
            r#"item "client#moved": its record is another client's"#,
        ),
    ] {
        put(&dynamodb, &table, id, attribute, value).await;
        let error = registry.client(&id.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.store, "dynamodb");
        assert!(error.detail.starts_with(expected), "{id}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of this file says how to run it"]
async fn a_table_that_is_not_there_is_unavailable() {
    let registry = DynamoRegistry::new(local(), "no-such-table");
    let error = registry.client(&"a".parse().unwrap()).await.unwrap_err();
    assert!(
        error.detail.contains("ResourceNotFoundException"),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_out_of_reach_is_unavailable_soon() {
    let begin = Instant::now();
    let registry = DynamoRegistry::new(client("http://127.0.0.1:9"), "jeton");
    let error = registry.client(&"a".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.store, "dynamodb");
    assert!(error.detail.contains("refused"), "{error}");
    assert!(begin.elapsed().as_secs() < 4, "{:?}", begin.elapsed());
}
