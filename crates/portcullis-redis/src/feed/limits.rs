//! The numbers of the feed.

use std::time::Duration;

/// How many revocations wait to be said. A logout is one; ending all of a user's sessions is one a session.
pub(super) const SAID_AT_ONCE: usize = 8_192;

/// How many go into one message: an ordinary one is about a hundred bytes.
pub(super) const IN_ONE_MESSAGE: usize = 64;

/// The longest message that is said or read. A longer one is none of ours.
pub(super) const LONGEST_MESSAGE: usize = 64 * 1024;

/// How many messages wait to be read; while more come, one `Gap` stands for them.
pub(super) const UNREAD: usize = 4_096;

/// How many wait for whoever asks what was heard.
pub(super) const UNHEARD: usize = 1_024;

/// Of how many nodes it is known which message comes next.
pub(super) const NODES: usize = 4_096;

/// How often the connection is tried, and how long it may take to answer: a connection that is half dead is noticed within 0.75 seconds. Where
/// an answer may take longer by the settings, a sign of life may take twice as long as an answer.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(250);
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// Pauses between attempts to connect, doubling, and less up to a half by chance.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(25);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A subscription that has held for as long is a good one: the next pause is the first again.
pub(super) const STEADY: Duration = Duration::from_secs(5);

/// After a message that was lost, how soon the others are told that one was.
pub(super) const CONFESSION: Duration = Duration::from_millis(200);
