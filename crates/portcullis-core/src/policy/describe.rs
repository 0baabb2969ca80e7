//! A policy as data: for people, for JSON, and for OpenAPI.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Node, Policy};

impl Policy {
    /// The scopes and permissions that the policy mentions outside a `not`, in order, once each: what OpenAPI lists beside a
    /// security scheme.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.collect_scopes(&mut found);
        found
    }

    fn collect_scopes<'a>(&'a self, found: &mut Vec<&'a str>) {
        match &*self.node {
            Node::Scope(name) | Node::Permission(name) if !found.contains(&name.as_str()) => {
                found.push(name.as_str());
            }
            Node::All(policies) | Node::Any(policies) => {
                policies
                    .iter()
                    .for_each(|policy| policy.collect_scopes(found));
            }
            _ => {}
        }
    }

    fn is_compound(&self) -> bool {
        matches!(&*self.node, Node::All(policies) | Node::Any(policies) if policies.len() > 1)
    }
}

impl fmt::Display for Policy {
    /// `role admin and (mfa or fresh 600s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.node {
            Node::Authenticated => f.write_str("authenticated"),
            Node::Scope(name) => write!(f, "scope {}", name.as_str()),
            Node::Role(name) => write!(f, "role {}", name.as_str()),
            Node::Permission(name) => write!(f, "permission {}", name.as_str()),
            Node::Fresh { within, .. } => write!(f, "fresh {}s", within.as_secs()),
            Node::Mfa => f.write_str("mfa"),
            Node::Verified => f.write_str("verified"),
            Node::Scheme(name) => write!(f, "scheme {name}"),
            Node::All(policies) => join(f, policies, " and "),
            Node::Any(policies) => join(f, policies, " or "),
            Node::Not(policy) => {
                f.write_str("not ")?;
                operand(f, policy)
            }
            Node::Custom { name, .. } => f.write_str(name),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, policies: &[Policy], word: &str) -> fmt::Result {
    if policies.is_empty() {
        return f.write_str("nobody");
    }
    for (position, policy) in policies.iter().enumerate() {
        if position > 0 {
            f.write_str(word)?;
        }
        operand(f, policy)?;
    }
    Ok(())
}

fn operand(f: &mut fmt::Formatter<'_>, policy: &Policy) -> fmt::Result {
    match policy.is_compound() {
        true => write!(f, "({policy})"),
        false => write!(f, "{policy}"),
    }
}

impl Serialize for Policy {
    /// One member named after the requirement: `{"scope":"write"}`, `{"fresh":600}`, `{"allOf":[…]}`, `{"mfa":true}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match &*self.node {
            Node::Authenticated => map.serialize_entry("authenticated", &true)?,
            Node::Scope(name) => map.serialize_entry("scope", name.as_str())?,
            Node::Role(name) => map.serialize_entry("role", name.as_str())?,
            Node::Permission(name) => map.serialize_entry("permission", name.as_str())?,
            Node::Fresh { within, .. } => map.serialize_entry("fresh", &within.as_secs())?,
            Node::Mfa => map.serialize_entry("mfa", &true)?,
            Node::Verified => map.serialize_entry("verified", &true)?,
            Node::Scheme(name) => map.serialize_entry("scheme", name)?,
            Node::All(policies) => map.serialize_entry("allOf", policies)?,
            Node::Any(policies) => map.serialize_entry("anyOf", policies)?,
            Node::Not(policy) => map.serialize_entry("not", policy)?,
            Node::Custom { name, .. } => map.serialize_entry("custom", name)?,
        }
        map.end()
    }
}
