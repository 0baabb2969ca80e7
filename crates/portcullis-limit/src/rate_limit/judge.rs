use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use portcullis_core::{AuthContext, BoxFuture, DefaultRenderer, Denial, Renderer};
use smallvec::SmallVec;

use super::headers::{Fields, Manner};
use super::rule::Rule;
use crate::{Answer, Decision, LimitKey, LimitRequest, Limiter, LimiterError, Outcome, observe};

/// The rules of a layer, and what they are decided by.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) limiter: Arc<dyn Limiter>,
    pub(super) rules: Vec<Rule>,
    pub(super) manner: Manner,
    pub(super) renderer: Option<Arc<dyn Renderer>>,
}

/// One rule that applies to a request.
struct Asked {
    rule: usize,
    key: LimitKey,
    cost: u32,
}

/// All rules that apply to a request: those that are enforced, then the shadows.
struct Plan {
    asked: SmallVec<[Asked; 2]>,
    enforced: usize,
}

/// What was decided, and by which rules.
pub(super) struct Judged {
    pub(super) decision: Decision,
    rules: SmallVec<[usize; 4]>,
}

impl Judged {
    /// Each rule's position with what it said.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (usize, &Outcome)> {
        self.rules.iter().copied().zip(self.decision.outcomes())
    }
}

/// What becomes of a request.
pub(super) enum Verdict {
    Pass(Option<Box<Fields>>),
    Refuse(Denial, Option<Box<Fields>>),
}

/// How far one gets without waiting.
pub(super) enum Step {
    Decided(Verdict),
    Waiting(BoxFuture<'static, Verdict>),
}

impl Judge {
    /// Judges a request by its head.
    pub(super) fn start(self: &Arc<Self>, request: &Parts) -> Step {
        let plan = match self.plan(request) {
            Ok(plan) => plan,
            Err(denial) => return Step::Decided(Verdict::Refuse(denial, None)),
        };
        match self.ask(&plan.asked[..plan.enforced]) {
            Answer::Ready(result) => {
                let (verdict, shadows) = self.conclude(&plan, result);
                match shadows.is_empty() {
                    true => Step::Decided(verdict),
                    false => Step::Waiting(Box::pin(after(shadows, verdict))),
                }
            }
            Answer::Pending(answer) => {
                let judge = Arc::clone(self);
                Step::Waiting(Box::pin(async move {
                    let result = answer.await;
                    let (verdict, shadows) = judge.conclude(&plan, result);
                    after(shadows, verdict).await
                }))
            }
        }
    }

    fn plan(&self, request: &Parts) -> Result<Plan, Denial> {
        let mut asked = SmallVec::new();
        let mut enforced = 0;
        for shadow in [false, true] {
            for (at, rule) in self.rules.iter().enumerate() {
                if rule.is_shadow() == shadow && rule.applies_to(request) {
                    let (key, cost) = (rule.key_of(request)?, rule.cost_of(request));
                    asked.push(Asked {
                        rule: at,
                        key,
                        cost,
                    });
                    enforced += usize::from(!shadow);
                }
            }
        }
        Ok(Plan { asked, enforced })
    }

    fn ask(&self, asked: &[Asked]) -> Answer<Decision> {
        if asked.is_empty() {
            return Answer::Ready(Ok(Decision::new([])));
        }
        let requests: SmallVec<[LimitRequest<'_>; 2]> = asked
            .iter()
            .map(|asked| LimitRequest {
                key: &asked.key,
                quota: self.rules[asked.rule].quota(),
                cost: asked.cost,
            })
            .collect();
        self.limiter.check(&requests)
    }

    /// The verdict, and what is still to be awaited for the shadows' sake.
    fn conclude(
        self: &Arc<Self>,
        plan: &Plan,
        result: Result<Decision, LimiterError>,
    ) -> (Verdict, Vec<BoxFuture<'static, ()>>) {
        let (enforced, shadows) = plan.asked.split_at(plan.enforced);
        let verdict = match result {
            Ok(decision) => self.decided(enforced, decision),
            Err(error) => self.undecided(enforced, &error),
        };
        let waiting = match verdict {
            Verdict::Pass(_) => self.ask_shadows(shadows),
            Verdict::Refuse(..) => Vec::new(),
        };
        (verdict, waiting)
    }

    fn decided(&self, asked: &[Asked], decision: Decision) -> Verdict {
        let rules = asked.iter().map(|asked| asked.rule).collect();
        let judged = Judged { decision, rules };
        for (rule, outcome) in judged.outcomes() {
            observe::decided(&self.rules[rule], outcome, judged.decision.is_allowed());
        }
        let fields = self.manner.fields(&self.rules, &judged);
        match judged.decision.is_allowed() {
            true => Verdict::Pass(fields),
            false => Verdict::Refuse(self.denial(&judged), fields),
        }
    }

    fn denial(&self, judged: &Judged) -> Denial {
        let denial = Denial::rate_limited(judged.decision.retry_after());
        let refused = judged
            .outcomes()
            .filter(|(_, outcome)| !outcome.is_allowed());
        refused.fold(denial, |denial, (rule, _)| {
            denial.with_reason(self.rules[rule].quota().named_as().clone())
        })
    }

    /// The limiter could not decide: closed, unless every rule that asked is to fail open.
    fn undecided(&self, asked: &[Asked], error: &LimiterError) -> Verdict {
        let rules = asked.iter().map(|asked| &self.rules[asked.rule]);
        rules.clone().for_each(|rule| observe::failed(rule, error));
        match rules.clone().all(Rule::fails_open) {
            true => Verdict::Pass(None),
            false => Verdict::Refuse(Denial::unavailable(), None),
        }
    }

    fn ask_shadows(self: &Arc<Self>, shadows: &[Asked]) -> Vec<BoxFuture<'static, ()>> {
        let mut waiting: Vec<BoxFuture<'static, ()>> = Vec::new();
        for asked in shadows {
            let rule = asked.rule;
            match self.ask(std::slice::from_ref(asked)) {
                Answer::Ready(result) => self.saw_shadow(rule, &result),
                Answer::Pending(answer) => {
                    let judge = Arc::clone(self);
                    waiting.push(Box::pin(async move {
                        judge.saw_shadow(rule, &answer.await);
                    }));
                }
            }
        }
        waiting
    }

    fn saw_shadow(&self, rule: usize, result: &Result<Decision, LimiterError>) {
        match result {
            Ok(decision) => decision
                .outcomes()
                .iter()
                .for_each(|outcome| observe::decided(&self.rules[rule], outcome, true)),
            Err(error) => observe::failed(&self.rules[rule], error),
        }
    }

    /// Renders as this layer was told, or as the `AuthnLayer` outside was.
    pub(super) fn refuse(
        &self,
        denial: Denial,
        fields: Option<Box<Fields>>,
        request: &Parts,
    ) -> Response<Bytes> {
        let outside = request.extensions.get::<AuthContext>();
        let renderer = match (&self.renderer, outside) {
            (Some(renderer), _) => &**renderer,
            (None, Some(context)) => context.renderer(),
            (None, None) => &DefaultRenderer,
        };
        let mut response = renderer.refuse(denial, request);
        if let Some(fields) = fields {
            fields.write_to(response.headers_mut());
        }
        response
    }
}

async fn after(shadows: Vec<BoxFuture<'static, ()>>, verdict: Verdict) -> Verdict {
    for shadow in shadows {
        shadow.await;
    }
    verdict
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge")
            .field("limiter", &self.limiter)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
