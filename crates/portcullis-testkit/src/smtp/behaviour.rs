/// How a server behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// It accepts all mail.
    #[default]
    Accept,
    /// At this step it answers with this code, such as 450 or 550, and with this text.
    Answer(Step, u16, String),
    /// At this step it says nothing any more.
    Stall(Step),
    /// At this step it hangs up.
    HangUp(Step),
}

impl Behaviour {
    /// At this step it answers with this code.
    #[must_use]
    pub fn answer(at: Step, code: u16) -> Self {
        Self::Answer(at, code, "as the test wants it".to_owned())
    }
}

/// A moment at which a server has to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Somebody has connected.
    Greeting,
    /// They have said who they are.
    Hello,
    /// They have named the sender.
    Sender,
    /// They have named a recipient.
    Recipient,
    /// They want to hand over the mail.
    Data,
    /// They have handed it over.
    EndOfData,
}
