use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{AuditEvent, UserRef};

impl Serialize for AuditEvent {
    /// An object in camelCase; what is not known is null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("outcome", self.outcome.as_str())?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("collection", &self.collection)?;
        map.serialize_entry("actor", &self.actor)?;
        map.serialize_entry("subject", &self.subject)?;
        map.serialize_entry("ip", &self.ip)?;
        map.serialize_entry("userAgent", &self.user_agent)?;
        map.serialize_entry("requestId", &self.request_id)?;
        map.serialize_entry("sessionId", &self.session_id)?;
        map.serialize_entry("detail", &self.detail)?;
        map.end()
    }
}

impl Serialize for UserRef {
    /// `{"collection","id"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("collection", &self.collection)?;
        map.serialize_entry("id", &self.id)?;
        map.end()
    }
}
