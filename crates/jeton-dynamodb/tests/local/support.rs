use std::{
    env, mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
        SharedInterceptor,
        interceptors::{
            BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
        },
    },
    error::BoxError,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};

use jeton::UnixTime;

pub(crate) fn client(endpoint: &str, interceptors: Vec<SharedInterceptor>) -> Client {
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        // DynamoDB Local speaks no TLS, and the SDK brings no client of its own.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    for interceptor in interceptors {
        config = config.interceptor(interceptor);
    }
    Client::from_conf(config.build())
}

pub(crate) fn local() -> Client {
    local_with(Vec::new())
}

pub(crate) fn local_with(interceptors: Vec<SharedInterceptor>) -> Client {
    let endpoint = env::var("JETON_TEST_DYNAMODB").expect("the address of a DynamoDB Local");
    client(&endpoint, interceptors)
}

/// A table of its own for each test, of the shape that `template.yaml` deploys.
pub(crate) async fn table(dynamodb: &Client, name: &str) -> String {
    let name = format!("{name}-{}", std::process::id());
    let mut create = dynamodb
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest);
    for (attribute, key_type) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder()
            .attribute_name(attribute)
            .key_type(key_type);
        create = create
            .attribute_definitions(definition.build().unwrap())
            .key_schema(key.build().unwrap());
    }
    create.send().await.unwrap();
    name
}

pub(crate) async fn put<const N: usize>(
    dynamodb: &Client,
    table: &str,
    item: [(&str, AttributeValue); N],
) {
    let mut put = dynamodb.put_item().table_name(table);
    for (name, attribute) in item {
        put = put.item(name, attribute);
    }
    put.send().await.unwrap();
}

/// Deletes what DynamoDB's time-to-live deletes some time after `at`, which the local one does when it likes.
pub(crate) async fn collect(dynamodb: &Client, table: &str, at: UnixTime) {
    let scan = dynamodb
        .scan()
        .table_name(table)
        .filter_expression("delete_at <= :at")
        .expression_attribute_values(":at", AttributeValue::N(at.0.to_string()));
    for item in scan.send().await.unwrap().items() {
        let key = ["pk", "sk"].map(|name| (name.to_owned(), item[name].clone()));
        let delete = dynamodb.delete_item().table_name(table);
        delete.set_key(Some(key.into())).send().await.unwrap();
    }
}

/// The requests that were sent, attempts of the SDK's own included: the names of the operations, and
/// whether each asks for a consistent read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(Arc<Mutex<Vec<(String, bool)>>>);

impl Requests {
    pub(crate) fn take(&self) -> Vec<String> {
        let sent = mem::take(&mut *self.0.lock().unwrap());
        sent.into_iter().map(|(operation, _)| operation).collect()
    }

    /// The same, of those alone that ask for a consistent read.
    pub(crate) fn take_consistent(&self) -> Vec<String> {
        self.0.lock().unwrap().retain(|(_, consistent)| *consistent);
        self.take()
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target");
        let (_, operation) = target.unwrap().split_once('.').unwrap();
        let body = std::str::from_utf8(request.body().bytes().unwrap())?;
        let consistent = body.contains(r#""ConsistentRead":true"#);
        let sent = (operation.to_owned(), consistent);
        self.0.lock().unwrap().push(sent);
        Ok(())
    }
}

/// The number of answers that are lost from now on, although their requests were carried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost(Arc<AtomicU32>);

impl Lost {
    pub(crate) fn next(&self, answers: u32) {
        self.0.store(answers, Ordering::SeqCst);
    }
}

impl Intercept for Lost {
    fn name(&self) -> &'static str {
        "Lost"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let one_less = |left: u32| left.checked_sub(1);
        let (set, read) = (Ordering::SeqCst, Ordering::SeqCst);
        if self.0.fetch_update(set, read, one_less).is_ok() {
            let response = context.response_mut();
            *response.status_mut() = 500.try_into()?;
            response.take_body();
        }
        Ok(())
    }
}
