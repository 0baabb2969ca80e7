//! Sessions by cookie, in Redis.
//!
//! A session is a row under the digest of its id; a user's logins are an index under a hash of the user. On a cluster the two lie in different
//! slots, so no script changes both. The order in which they are changed makes up for it: the index alone says whether a login goes on, and a row
//! that no index knows is one whose id was never given out, or one that is about to go.

mod ends;
mod index;
mod row;
mod rows;
mod store;

use std::fmt;
use std::time::Duration;

use portcullis_core::{SharedClock, Timestamp};
use portcullis_session::SessionOwner;

use self::index::Index;
use crate::Redis;

/// How long a login may be between two ids: as long as the slowest request that changes its id. Later it is over.
const BETWEEN_IDS: Duration = Duration::from_secs(10 * 60);

#[doc = include_str!("../../docs/sessions.md")]
#[derive(Clone)]
pub struct RedisSessions {
    redis: Redis,
    clock: SharedClock,
}

impl RedisSessions {
    /// The sessions in this Redis.
    #[must_use]
    pub fn new(redis: &Redis) -> Self {
        Self {
            redis: redis.clone(),
            clock: redis.clock(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn index(&self, owner: &SessionOwner) -> Index<'_> {
        Index::new(&self.redis, owner, self.now().unix_millis())
    }
}

impl fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSessions")
            .field("redis", &self.redis)
            .finish_non_exhaustive()
    }
}
