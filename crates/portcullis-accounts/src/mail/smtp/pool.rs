use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;

use super::settings::Server;

/// How many connections are kept open.
const KEPT: usize = 8;

/// A connection that was kept and does not answer in this time is not used any more.
const STILL_THERE: Duration = Duration::from_secs(5);

/// The connections to a server that wait for the next mail.
///
/// It is not lettre's own pool: that one takes a connection back in the middle of a conversation, when whoever sends gives up, and
/// then the next mail would hear the answers to the one before.
pub(super) struct Pool {
    server: Server,
    waiting: Mutex<Vec<AsyncSmtpConnection>>,
}

impl Pool {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            waiting: Mutex::default(),
        }
    }

    /// Sends. A connection whose conversation does not come to its end is closed.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Error> {
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => self.server.connect().await?,
        };
        let text = message.formatted();
        connection.send(message.envelope(), &text).await?;
        let mut waiting = self.lock();
        if waiting.len() < KEPT {
            waiting.push(connection);
        }
        Ok(())
    }

    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let mut connection = self.lock().pop()?;
            let answer = tokio::time::timeout(STILL_THERE, connection.test_connected());
            if answer.await.unwrap_or(false) {
                return Some(connection);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
