//! Requests to DynamoDB and their outcomes.
//!
//! The SDK's futures are boxed here. They are some kilobytes large, and nested so deeply that the future
//! of a host around one would exceed the compiler's limit for a type.

use aws_sdk_dynamodb::{
    operation::{
        delete_item::{DeleteItemError, builders::DeleteItemFluentBuilder},
        get_item::builders::GetItemFluentBuilder,
        put_item::{PutItemError, builders::PutItemFluentBuilder},
        query::{QueryOutput, builders::QueryFluentBuilder},
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure as OnRefusal},
};
use jeton::Unavailable;

use crate::{
    explain::explain,
    table::{Item, names, unavailable},
};

/// A condition that always holds, whether or not there is an item.
pub(crate) const ANYTHING: &str = "attribute_exists(#pk) OR attribute_not_exists(#pk)";

/// The outcome of a request with a condition.
pub(crate) enum Outcome<T> {
    /// The condition held, and the request was carried out.
    Done(T),
    /// The condition did not hold for this item, or for none.
    Refused(Option<Item>),
}

/// The item that the request asks for, if there is one.
pub(crate) async fn read(request: GetItemFluentBuilder) -> Result<Option<Item>, Unavailable> {
    match Box::pin(request.send()).await {
        Ok(answer) => Ok(answer.item),
        Err(error) => Err(unavailable(explain(&error))),
    }
}

pub(crate) async fn query(request: QueryFluentBuilder) -> Result<QueryOutput, Unavailable> {
    Box::pin(request.send())
        .await
        .map_err(|error| unavailable(explain(&error)))
}

pub(crate) async fn put_if(
    request: PutItemFluentBuilder,
    condition: &str,
) -> Result<Outcome<()>, Unavailable> {
    let request = request
        .condition_expression(condition)
        .set_expression_attribute_names(Some(names([condition])))
        .return_values_on_condition_check_failure(OnRefusal::AllOld);
    match Box::pin(request.send()).await {
        Ok(_) => Ok(Outcome::Done(())),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Outcome::Refused(refused.item.clone()))
            }
            _ => Err(unavailable(explain(&error))),
        },
    }
}

pub(crate) async fn delete_if(
    request: DeleteItemFluentBuilder,
    condition: &str,
) -> Result<Outcome<()>, Unavailable> {
    let request = request
        .condition_expression(condition)
        .set_expression_attribute_names(Some(names([condition])))
        .return_values_on_condition_check_failure(OnRefusal::AllOld);
    match Box::pin(request.send()).await {
        Ok(_) => Ok(Outcome::Done(())),
        Err(error) => match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Outcome::Refused(refused.item.clone()))
            }
            _ => Err(unavailable(explain(&error))),
        },
    }
}

/// Updates an item if `condition` holds, and answers with the whole item as it then is.
pub(crate) async fn update_if(
    request: UpdateItemFluentBuilder,
    update: &str,
    condition: &str,
) -> Result<Outcome<Item>, Unavailable> {
    let request = request
        .update_expression(update)
        .condition_expression(condition)
        .set_expression_attribute_names(Some(names([update, condition])))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(OnRefusal::AllOld);
    match Box::pin(request.send()).await {
        Ok(answer) => Ok(Outcome::Done(answer.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Outcome::Refused(refused.item.clone()))
            }
            _ => Err(unavailable(explain(&error))),
        },
    }
}
