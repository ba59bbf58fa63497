//! Conditions of the vectors, in our words.

use jeton::ConditionRecord;
use serde_json::Value;

use crate::Outcome;

/// A condition of a vector in our words: the conditions of a rule, and its audience.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) conditions: Vec<ConditionRecord>,
    pub(crate) audience: Option<String>,
}

fn unsayable<T>(why: &'static str) -> Result<T, Outcome> {
    Err(Outcome::Unsayable(why))
}

pub(crate) const WILDCARD: &str = "a wildcard that is not all of the rest";
pub(crate) const SET: &str = "an operator on sets, for a claim that is none";
const NEGATION: &str = "a negation";
pub(crate) const EXPRESSION: &str = "a regular expression";

impl Said {
    pub(crate) fn say(&mut self, condition: &Value) -> Result<(), Outcome> {
        let text = |name: &str| condition[name].as_str().unwrap_or_default();
        if condition.get("qualifier").is_some() {
            return unsayable(SET);
        }
        match text("consumer") {
            "aws-all" => {
                let mut all = condition["of"].as_array().unwrap().iter();
                all.try_for_each(|condition| self.say(condition))
            }
            "azure-fic-flexible" => {
                let mut all = text("pattern").split(" and ");
                all.try_for_each(|clause| self.say_azure(clause))
            }
            "gcp-cel" => {
                let mut all = text("pattern").split(" && ");
                all.try_for_each(|clause| self.say_google(clause))
            }
            "azure-fic-exact" | "aws-stringequals" => {
                self.exactly(claim_of(condition), condition["pattern"].clone());
                Ok(())
            }
            "aws-stringlike" => self.like(claim_of(condition), &condition["pattern"]),
            other => panic!("no such consumer: {other}"),
        }
    }

    /// `claims['sub'] eq 'a'`, `claims['sub'] matches 'a*'`
    fn say_azure(&mut self, clause: &str) -> Result<(), Outcome> {
        let (claim, rest) = clause
            .strip_prefix("claims['")
            .unwrap()
            .split_once("'] ")
            .unwrap();
        let (operator, value) = rest.split_once(' ').unwrap();
        let value = Value::String(quoted(value).unwrap());
        match operator {
            "eq" => {
                self.exactly(claim, value);
                Ok(())
            }
            "matches" => self.like(claim, &value),
            other => panic!("no such operator: {other}"),
        }
    }

    /// `assertion.sub == 'a'`, `assertion['a/b'] in ['a', 'b']`, `assertion.sub.startsWith('a')`
    fn say_google(&mut self, clause: &str) -> Result<(), Outcome> {
        let rest = clause.strip_prefix("assertion").unwrap();
        let (claim, rest) = match rest.strip_prefix("['") {
            Some(rest) => rest.split_once("']").unwrap(),
            None => {
                let rest = rest.strip_prefix('.').unwrap();
                rest.split_at(rest.find(['.', ' ']).unwrap())
            }
        };
        if let Some(value) = rest.strip_prefix(" == ") {
            let number_or_boolean = || serde_json::from_str(value).unwrap();
            let value = quoted(value).map_or_else(number_or_boolean, Value::String);
            self.exactly(claim, value);
        } else if let Some(values) = rest.strip_prefix(" in ") {
            self.exactly(
                claim,
                serde_json::from_str(&values.replace('\'', "\"")).unwrap(),
            );
        } else if let Some(prefix) = rest.strip_prefix(".startsWith(") {
            self.begins(claim, quoted(prefix.strip_suffix(')').unwrap()).unwrap());
        } else if rest.starts_with(" != ") {
            return unsayable(NEGATION);
        } else if rest.starts_with(".matches(") {
            return unsayable(EXPRESSION);
        } else {
            panic!("{clause}");
        }
        Ok(())
    }

    /// One value, or one of several. The audience is the rule's.
    fn exactly(&mut self, claim: &str, value: Value) {
        if claim == "aud" {
            self.audience = Some(value.as_str().unwrap().to_owned());
            return;
        }
        let mut condition = ConditionRecord {
            claim: claim.into(),
            ..ConditionRecord::default()
        };
        match value {
            Value::Array(values) => condition.one_of = Some(values),
            value => condition.equals = Some(value),
        }
        self.conditions.push(condition);
    }

    /// `*` at the end is a prefix. Whether that ends at a border is asked when the rule is read.
    fn like(&mut self, claim: &str, pattern: &Value) -> Result<(), Outcome> {
        let has_wildcard = |text: &str| text.contains(['*', '?']);
        let Some(text) = pattern.as_str() else {
            let mut texts = pattern.as_array().unwrap().iter();
            if texts.any(|text| has_wildcard(text.as_str().unwrap())) {
                return unsayable(WILDCARD);
            }
            self.exactly(claim, pattern.clone());
            return Ok(());
        };
        match text.strip_suffix('*') {
            _ if !has_wildcard(text) => self.exactly(claim, pattern.clone()),
            Some(prefix) if !has_wildcard(prefix) => self.begins(claim, prefix.to_owned()),
            _ => return unsayable(WILDCARD),
        }
        Ok(())
    }

    fn begins(&mut self, claim: &str, prefix: String) {
        self.conditions.push(ConditionRecord {
            claim: claim.into(),
            prefix: Some(prefix),
            ..ConditionRecord::default()
        });
    }
}

fn claim_of(condition: &Value) -> &str {
    condition["claim"].as_str().unwrap_or("sub")
}

fn quoted(text: &str) -> Option<String> {
    let text = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(text.to_owned())
}
