//! The ledger: grants, attachments, indexes, documents of a person, markers and counters as items of the table.

use std::fmt::Write;

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use jeton::{
    Advance, Attachment, AttachmentId, Attempt, Decision, Document, Expected, Grant, GrantId,
    INDEX_PAGE, Ledger, Marker, Opened, PersonalKey, Put, Step, SubjectKey, Unavailable, UnixTime,
    transition::{self, is_decided_by, is_result_of},
};

use crate::{
    grant::{delete_at, from_item, to_item},
    personal,
    request::{self, Outcome, put_if, update_if},
    table::{
        Item, PARTITION, SORT, Table, get_number, number, text, time, unavailable, unreadable,
    },
};

/// The most scope tokens and audiences in one condition: DynamoDB takes expressions of 4 kB.
const MOST_CONDITIONS: usize = 64;

/// How often one count is tried on a counter that ends again and again meanwhile.
const MOST_RESTARTS: usize = 3;

/// The ledger in a DynamoDB table, with one request for each call. Only `count` takes two when a
/// counter ends, and `advance` reads first when a step names more than 64 scope tokens and audiences.
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

    async fn read_item(&self, key: &str) -> Result<Option<Item>, Unavailable> {
        request::read(self.0.get(key.to_owned()).consistent_read(true)).await
    }

    /// Takes `step` in one request. `held` are attributes of the grant that are lists, each with a value
    /// that it must have.
    async fn take_step(&self, step: &Step, held: &[(&str, &str)]) -> Result<Advance, Unavailable> {
        let key = grant_key(step.id);
        let mut expression =
            "SET #generation = :to, #advanced_at = :now, #last_attempt = :attempt, \
             #idle_expires_at = #idle_lifetime + :now"
                .to_owned();
        if step.standing == 0 {
            // `Grant::kept_until`: from now on as long as the grant has tokens.
            expression.push_str(", #redeemed_at = :now, #delete_at = #expires_at + :kept");
        }
        if step.claims.is_some() {
            expression.push_str(", #claims = :claims");
        }
        // `transition::take`, line by line.
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
        if step.standing == 0 {
            update = update.expression_attribute_values(":kept", number(Grant::KEPT.0));
        }
        if let Some(claims) = &step.claims {
            let claims = text(serde_json::json!(claims));
            update = update.expression_attribute_values(":claims", claims);
        }
        if step.standing > 1 {
            condition.push_str(" AND #advanced_at <= :settled");
            update = update.expression_attribute_values(":settled", time(step.settled()));
        }
        for (index, (attribute, value)) in held.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(condition, " AND contains(#{attribute}, :held{index})");
            update = update.expression_attribute_values(format!(":held{index}"), text(value));
        }
        Ok(match update_if(update, &expression, &condition).await? {
            Outcome::Done(item) => Advance::Advanced(Box::new(read_grant(&key, &item)?)),
            Outcome::Refused(None) => Advance::Conflict(None),
            Outcome::Refused(Some(item)) => {
                let standing = Box::new(read_grant(&key, &item)?);
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

impl Ledger for DynamoLedger {
    async fn open(&self, grant: &Grant, _: UnixTime) -> Result<Opened, Unavailable> {
        let key = grant_key(grant.id);
        let item = to_item(grant).map_err(|error| unreadable(&key, error))?;
        let mut put = self.0.put(key.clone());
        for (name, attribute) in item {
            put = put.item(name, attribute);
        }
        match put_if(put, "attribute_not_exists(#pk)").await? {
            Outcome::Done(()) => Ok(Opened::Opened),
            Outcome::Refused(item) => {
                let standing = read_grant(&key, &item.unwrap_or_default())?;
                Ok(transition::opened(grant, standing))
            }
        }
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let scope = step.scope.iter().map(|token| ("scope", token));
        let audiences = step.audiences.iter().map(|uri| ("audiences", uri.as_str()));
        let held: Vec<_> = scope.chain(audiences).collect();
        if held.len() <= MOST_CONDITIONS {
            return self.take_step(step, &held).await;
        }
        // Too many for one condition. But a grant's scope and audiences never change, so they are
        // checked before, and the condition has only what may change.
        let Some(mut copy) = self.read(step.id).await? else {
            return Ok(Advance::Conflict(None));
        };
        let standing = copy.generation;
        match transition::take(&mut copy, step) {
            Advance::Advanced(grant) if grant.generation != standing => {
                self.take_step(step, &[]).await
            }
            answer => Ok(answer),
        }
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let key = grant_key(id);
        let update = self
            .0
            .update(key.clone())
            .expression_attribute_values(":pending", text("pending"))
            .expression_attribute_values(":attempt", text(attempt))
            .expression_attribute_values(":now", time(now));
        let (expression, update) = match decision {
            Decision::Deny => (
                "SET #decided_by = :attempt, #state = :denied",
                update.expression_attribute_values(":denied", text("denied")),
            ),
            Decision::Approve {
                subject,
                claims,
                auth_time,
                accepted_at,
            } => (
                "SET #decided_by = :attempt, #state = :live, #subject = :subject, \
                 #claims = :claims, #auth_time = :auth_time, #created_at = :accepted_at",
                update
                    .expression_attribute_values(":live", text("live"))
                    .expression_attribute_values(":subject", text(subject))
                    .expression_attribute_values(":claims", text(serde_json::json!(claims)))
                    .expression_attribute_values(":auth_time", time(*auth_time))
                    .expression_attribute_values(":accepted_at", time(*accepted_at)),
            ),
        };
        let condition = "#state = :pending AND #idle_expires_at > :now";
        Ok(match update_if(update, expression, condition).await? {
            Outcome::Done(_) => true,
            Outcome::Refused(None) => false,
            // The answer to the first try may have been lost.
            Outcome::Refused(Some(item)) => {
                is_decided_by(&read_grant(&key, &item)?, decision, attempt)
            }
        })
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        let key = grant_key(id);
        match self.read_item(&key).await? {
            Some(item) => read_grant(&key, &item).map(Some),
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
        update_if(update, "SET #state = :revoked", condition).await?;
        Ok(())
    }

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        _: UnixTime,
    ) -> Result<(), Unavailable> {
        let id = attachment.id();
        let put = self
            .0
            .put_in(grant_key(id.grant()), id.sha256())
            .item("text", text(attachment.text()))
            .item("expires_at", time(until))
            .item("delete_at", delete_at(until))
            .expression_attribute_values(":until", time(until));
        // Refused where one stands that is kept at least as long: by its name it says the same.
        put_if(put, "attribute_not_exists(#pk) OR #expires_at < :until").await?;
        Ok(())
    }

    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        let key = grant_key(id.grant());
        let get = self.0.get_in(key.clone(), id.sha256());
        let Some(mut item) = request::read(get.consistent_read(true)).await? else {
            return Ok(None);
        };
        match item.remove("text") {
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            _ => Err(unreadable(&key, "an attachment without a string `text`")),
        }
    }

    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        _: UnixTime,
    ) -> Result<(), Unavailable> {
        let put = self
            .0
            .put_in(subject_key(subject), &grant.to_string())
            .item("expires_at", time(until))
            .item("delete_at", delete_at(until))
            .expression_attribute_values(":until", time(until));
        // Refused where it is in the index for at least as long.
        put_if(put, "attribute_not_exists(#pk) OR #expires_at < :until").await?;
        Ok(())
    }

    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        let key = subject_key(subject);
        let begin = after.map(|grant| {
            [
                (PARTITION.to_owned(), text(&key)),
                (SORT.to_owned(), text(grant)),
            ]
            .into()
        });
        let query = self
            .0
            .query(key.clone())
            .consistent_read(true)
            .limit(INDEX_PAGE as i32)
            .set_exclusive_start_key(begin);
        let answer = request::query(query).await?;
        let grants = answer.items().iter().map(|item| {
            item.get(SORT)
                .and_then(|grant| grant.as_s().ok()?.parse().ok())
                .ok_or_else(|| unreadable(&key, "an item whose `sk` is no id"))
        });
        grants.collect()
    }

    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        personal::read(&self.0, key, now).await
    }

    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        personal::put(&self.0, key, document, expected, until, now).await
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let key = marker_key(marker);
        let put = self
            .0
            .put(key.clone())
            .item("holder", text(value))
            .item("expires_at", time(expires))
            .item("delete_at", delete_at(expires))
            .expression_attribute_values(":now", time(now));
        match put_if(put, "attribute_not_exists(#pk) OR #expires_at <= :now").await? {
            Outcome::Done(()) => Ok(true),
            // The condition may have failed on what this very call wrote, if its first answer was lost.
            Outcome::Refused(item) => Ok(holder(&key, item.as_ref())? == value),
        }
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let key = marker_key(marker);
        let Some(item) = self.read_item(&key).await? else {
            return Ok(None);
        };
        match get_number(&item, "expires_at") {
            Some(expires) if now < UnixTime(expires) => holder(&key, Some(&item)).map(Some),
            Some(_) => Ok(None),
            None => Err(unreadable(&key, "it has no number `expires_at`")),
        }
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let key = counter_key(marker);
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
            if let Outcome::Done(item) = update_if(update_more, more, runs).await? {
                return counted(&key, &item);
            }
            let anew = "SET #count = :one, #expires_at = :expires, #delete_at = :delete";
            let ended = "attribute_not_exists(#pk) OR #expires_at <= :now";
            if let Outcome::Done(item) = update_if(update(), anew, ended).await? {
                return counted(&key, &item);
            }
        }
        Err(unavailable(format_args!(
            "item {key:?}: it ended {MOST_RESTARTS} times over while it was counted"
        )))
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        let update = self
            .0
            .update(counter_key(marker))
            .expression_attribute_values(":one", number(1u32))
            .expression_attribute_values(":now", time(now));
        let condition = "#expires_at > :now AND #count >= :one";
        update_if(update, "SET #count = #count - :one", condition).await?;
        Ok(())
    }
}

fn grant_key(id: GrantId) -> String {
    format!("grant#{id}")
}

fn subject_key(subject: &SubjectKey) -> String {
    format!("subject#{subject}")
}

fn marker_key(marker: &Marker) -> String {
    format!("marker#{}", marker.as_str())
}

fn counter_key(marker: &Marker) -> String {
    format!("counter#{}", marker.as_str())
}

fn read_grant(key: &str, item: &Item) -> Result<Grant, Unavailable> {
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
