//! Grants, markers and counters.

use std::fmt::Write;

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    error::SdkError,
    operation::{
        put_item::PutItemError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{
        ReturnValue, ReturnValuesOnConditionCheckFailure,
        error::ConditionalCheckFailedException as Refused,
    },
};
use jeton::{
    Advance, Attempt, Decision, Grant, GrantId, Ledger, Marker, Step, Unavailable, UnixTime,
    transition::{self, is_result_of},
};

use crate::{
    explain::explain,
    grant::{delete_at, from_item, to_item},
    table::{Item, Table, get_number, names, number, text, time, unavailable, unreadable},
};

/// How many scope tokens and audiences one condition asks for: DynamoDB takes 4 kB of expression.
const MOST_CONDITIONS: usize = 64;

/// How often a counter's end may be met anew while counting once.
const MOST_RESTARTS: usize = 3;

/// Grants, markers and counters in a DynamoDB table: one request for each call, but for `count` at
/// a counter's end, which takes two, and `advance` of a grant with more than 64 scope tokens and
/// audiences in question, which reads first.
///
/// The table must not be a global one: there the last writer wins, and two regions would both
/// advance a grant.
#[derive(Clone, Debug)]
pub struct DynamoLedger(Table);

impl DynamoLedger {
    /// The ledger in `table`. Nothing is read yet.
    #[must_use]
    pub fn new(dynamodb: DynamoDb, table: impl Into<String>) -> Self {
        Self(Table {
            dynamodb,
            name: table.into(),
        })
    }

    async fn read(&self, key: &str) -> Result<Option<Item>, Unavailable> {
        let answer = self.0.get(key.to_owned()).consistent_read(true);
        match answer.send().await {
            Ok(answer) => Ok(answer.item),
            Err(error) => Err(unavailable(explain(&error))),
        }
    }

    /// `update` under `condition`: what stands afterwards, or what stood in the way.
    async fn update(
        update: UpdateItemFluentBuilder,
        expression: &str,
        condition: &str,
    ) -> Result<Result<Item, Option<Item>>, Unavailable> {
        let sent = update
            .update_expression(expression)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names([expression, condition])))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(Ok(answer.attributes.unwrap_or_default())),
            Err(error) => match update_refused(&error) {
                Some(refused) => Ok(Err(refused.item.clone())),
                None => Err(unavailable(explain(&error))),
            },
        }
    }

    /// Takes `step`, asking in the condition for `holds` only of what is immutable.
    async fn step(&self, step: &Step, holds: Holds<'_>) -> Result<Advance, Unavailable> {
        let key = grant_key(step.id);
        let mut expression =
            "SET #generation = :to, #advanced_at = :now, #last_attempt = :attempt, \
             #idle_expires_at = #idle_lifetime + :now"
                .to_owned();
        if step.standing == 0 {
            expression.push_str(", #redeemed_at = :now");
        }
        // `transition::advance`, line by line.
        let mut condition = "attribute_exists(#pk) AND #state = :live \
             AND #client_id = :client AND #generation = :standing AND #generation < :to \
             AND #created_at >= :from AND #idle_expires_at > :now AND #expires_at > :now"
            .to_owned();
        let mut update = self
            .0
            .update(key.clone())
            .expression_attribute_values(":to", number(step.to))
            .expression_attribute_values(":now", time(step.now))
            .expression_attribute_values(":attempt", text(step.attempt))
            .expression_attribute_values(":live", text("live"))
            .expression_attribute_values(":client", text(&step.client_id))
            .expression_attribute_values(":standing", number(step.standing))
            .expression_attribute_values(":from", time(step.created_from));
        if step.standing > 1 {
            condition.push_str(" AND #advanced_at <= :settled");
            update = update.expression_attribute_values(":settled", time(step.now - step.window));
        }
        for (index, (attribute, value)) in holds.0.into_iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(condition, " AND contains(#{attribute}, :held{index})");
            update = update.expression_attribute_values(format!(":held{index}"), text(value));
        }
        Ok(match Self::update(update, &expression, &condition).await? {
            Ok(item) => Advance::Advanced(Box::new(grant(&key, &item)?)),
            Err(None) => Advance::Conflict(None),
            Err(Some(item)) => {
                let standing = Box::new(grant(&key, &item)?);
                // Also the SDK's own second attempt, when the answer to its first was lost.
                if is_result_of(&standing, step) {
                    Advance::Advanced(standing)
                } else {
                    Advance::Conflict(Some(standing))
                }
            }
        })
    }
}

/// Lists of a grant, and what each must hold.
struct Holds<'a>(Vec<(&'static str, &'a str)>);

impl Ledger for DynamoLedger {
    async fn open(&self, grant: &Grant, _: UnixTime) -> Result<bool, Unavailable> {
        let key = grant_key(grant.id);
        let item = to_item(grant).map_err(|error| unreadable(&key, error))?;
        let mut put = self.0.put(key);
        for (name, attribute) in item {
            put = put.item(name, attribute);
        }
        let condition = "attribute_not_exists(#pk)";
        let sent = put
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names([condition])))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) if put_refused(&error).is_some() => Ok(false),
            Err(error) => Err(unavailable(explain(&error))),
        }
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let scope = step.scope.iter().map(|token| ("scope", token));
        let audiences = step.audiences.iter().map(|uri| ("audiences", uri.as_str()));
        let holds: Vec<_> = scope.chain(audiences).collect();
        if holds.len() <= MOST_CONDITIONS {
            return self.step(step, Holds(holds)).await;
        }
        // Too much for one condition. But a grant's scope and audiences never change, so they may
        // be looked at before, and only what moves is left for the condition.
        match Ledger::read(self, step.id).await? {
            Some(standing) if transition::advance(&mut standing.clone(), step) => {
                self.step(step, Holds(Vec::new())).await
            }
            Some(standing) if is_result_of(&standing, step) => {
                Ok(Advance::Advanced(Box::new(standing)))
            }
            standing => Ok(Advance::Conflict(standing.map(Box::new))),
        }
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let update = self
            .0
            .update(grant_key(id))
            .expression_attribute_values(":pending", text("pending"))
            .expression_attribute_values(":now", time(now));
        let (expression, update) = match decision {
            Decision::Deny => (
                "SET #state = :denied",
                update.expression_attribute_values(":denied", text("denied")),
            ),
            Decision::Approve {
                subject,
                claims,
                auth_time,
            } => (
                "SET #state = :live, #subject = :subject, #claims = :claims, #auth_time = :auth_time",
                update
                    .expression_attribute_values(":live", text("live"))
                    .expression_attribute_values(":subject", text(subject))
                    .expression_attribute_values(":claims", text(serde_json::json!(claims)))
                    .expression_attribute_values(":auth_time", time(*auth_time)),
            ),
        };
        let condition = "#state = :pending AND #idle_expires_at > :now";
        let decided = Self::update(update, expression, condition).await?;
        Ok(decided.is_ok())
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        let key = grant_key(id);
        match self.read(&key).await? {
            Some(item) => grant(&key, &item).map(Some),
            None => Ok(None),
        }
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        let update = self
            .0
            .update(grant_key(id))
            .expression_attribute_values(":revoked", text("revoked"));
        // Without the condition an update would make the item.
        let condition = "attribute_exists(#pk)";
        Self::update(update, "SET #state = :revoked", condition)
            .await
            .map(drop)
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let key = marker_key(marker);
        let condition = "attribute_not_exists(#pk) OR #expires_at <= :now";
        let sent = self
            .0
            .put(key.clone())
            .item("holder", text(value))
            .item("expires_at", time(expires))
            .item("delete_at", delete_at(expires))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names([condition])))
            .expression_attribute_values(":now", time(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match put_refused(&error) {
                // In the way may be what this call wrote, if its first answer was lost.
                Some(refused) => Ok(holder(&key, refused.item())? == value),
                None => Err(unavailable(explain(&error))),
            },
        }
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let key = marker_key(marker);
        let Some(item) = self.read(&key).await? else {
            return Ok(None);
        };
        match get_number(&item, "expires_at") {
            Some(expires) if now < UnixTime(expires) => holder(&key, Some(&item)).map(Some),
            Some(_) => Ok(None),
            None => Err(unreadable(&key, "it has no number `expires_at`")),
        }
    }

    /// A lost acknowledgement may count twice, never not at all.
    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let key = format!("counter#{}", marker.as_str());
        let update = || {
            self.0
                .update(key.clone())
                .expression_attribute_values(":one", number(1u32))
                .expression_attribute_values(":expires", time(expires))
                .expression_attribute_values(":delete", delete_at(expires))
                .expression_attribute_values(":now", time(now))
        };
        for _ in 0..MOST_RESTARTS {
            let more = "SET #count = if_not_exists(#count, :none) + :one, \
                 #expires_at = if_not_exists(#expires_at, :expires), \
                 #delete_at = if_not_exists(#delete_at, :delete)";
            let runs = "attribute_not_exists(#pk) OR #expires_at > :now";
            let update_more = update().expression_attribute_values(":none", number(0u32));
            if let Ok(item) = Self::update(update_more, more, runs).await? {
                return counted(&key, &item);
            }
            let anew = "SET #count = :one, #expires_at = :expires, #delete_at = :delete";
            let ended = "attribute_not_exists(#pk) OR #expires_at <= :now";
            if let Ok(item) = Self::update(update(), anew, ended).await? {
                return counted(&key, &item);
            }
        }
        Err(unavailable(format_args!(
            "item {key:?}: it ended {MOST_RESTARTS} times over while it was counted"
        )))
    }
}

fn grant_key(id: GrantId) -> String {
    format!("grant#{id}")
}

fn marker_key(marker: &Marker) -> String {
    format!("marker#{}", marker.as_str())
}

fn grant(key: &str, item: &Item) -> Result<Grant, Unavailable> {
    from_item(item).map_err(|error| unreadable(key, error))
}

fn holder(key: &str, item: Option<&Item>) -> Result<Attempt, Unavailable> {
    item.and_then(|item| item.get("holder")?.as_s().ok()?.parse().ok())
        .ok_or_else(|| unreadable(key, "it has no id in `holder`"))
}

fn counted(key: &str, item: &Item) -> Result<u32, Unavailable> {
    let count =
        get_number(item, "count").ok_or_else(|| unreadable(key, "it has no number `count`"))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn update_refused(error: &SdkError<UpdateItemError>) -> Option<&Refused> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(refused) => Some(refused),
        _ => None,
    }
}

fn put_refused(error: &SdkError<PutItemError>) -> Option<&Refused> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(refused) => Some(refused),
        _ => None,
    }
}
