//! Clients that ask a system all at once, and the history of what they were told.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::checker::{Answer, Call, KEYS_MAX, Key, Kind, Op, Value, content_of, kept_as, kind_of};

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) clients: usize,
    /// Calls in all.
    pub(crate) calls: usize,
    pub(crate) keys: usize,
    /// Before which calls the system is killed and begun again.
    pub(crate) kills: &'static [usize],
}

/// Something that keeps objects. It may be killed; what lives on is a new life.
pub(crate) trait System: Send + Sync + 'static {
    /// The system from one beginning to the next.
    type Life: Clone + Send + Sync + 'static;
    /// A part that was copied, to be completed.
    type Part: Send;
    /// Whether a read tells the tag as well, so that tags can be set.
    const TAGS: bool;

    /// Asks; `None` if the life ended without an answer.
    fn ask(&self, life: &Self::Life, op: Op) -> impl Future<Output = Option<Answer>> + Send;

    /// Puts an object as parts.
    fn upload(
        &self,
        life: &Self::Life,
        key: Key,
        value: Value,
    ) -> impl Future<Output = Option<Answer>> + Send;

    /// Copies a key, read with this customer's key, into a part of an upload of another that is
    /// encrypted like this; `Held(None)` and no part if there is none.
    fn copy_part(
        &self,
        life: &Self::Life,
        from: (Key, Option<u8>),
        to: (Key, Kind),
    ) -> impl Future<Output = Option<(Answer, Option<Self::Part>)>> + Send;

    /// Completes that upload.
    fn complete(
        &self,
        life: &Self::Life,
        part: Self::Part,
    ) -> impl Future<Output = Option<Answer>> + Send;

    /// Ends a life without any warning, and begins the next.
    fn kill(&self, life: Self::Life) -> impl Future<Output = Self::Life> + Send;
}

/// Randomness of the clients.
pub(crate) trait Dice: Send + Sync + 'static {
    fn below(&self, bound: usize) -> usize;
}

#[derive(Debug, Default)]
struct Log {
    now: u64,
    life: usize,
    calls: Vec<Call>,
}

struct Recorder<S: System, D> {
    system: S,
    shape: Shape,
    dice: D,
    log: Mutex<Log>,
    lives: watch::Sender<(usize, S::Life)>,
    begun: AtomicUsize,
    values: AtomicU32,
    /// How each key was last known to be encrypted: who reads it gives that key, mostly.
    kinds: Mutex<[Kind; KEYS_MAX]>,
    /// One kill at a time.
    killing: tokio::sync::Mutex<()>,
}

/// Lets clients ask, and gives what they were told, with the last life.
pub(crate) async fn record<S: System, D: Dice>(
    system: S,
    first: S::Life,
    shape: Shape,
    dice: D,
) -> (Vec<Call>, S::Life) {
    let recorder = Arc::new(Recorder {
        system,
        shape,
        dice,
        log: Mutex::default(),
        lives: watch::Sender::new((0, first)),
        begun: AtomicUsize::new(0),
        values: AtomicU32::new(0),
        kinds: Mutex::new([Kind::Open; KEYS_MAX]),
        killing: tokio::sync::Mutex::new(()),
    });
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..shape.clients {
        clients.spawn(Arc::clone(&recorder).client());
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let calls = std::mem::take(&mut recorder.log.lock().unwrap().calls);
    let life = recorder.lives.borrow().1.clone();
    (calls, life)
}

impl<S: System, D: Dice> Recorder<S, D> {
    async fn client(self: Arc<Self>) {
        loop {
            let nth = self.begun.fetch_add(1, Ordering::SeqCst);
            if nth >= self.shape.calls {
                return;
            }
            if self.shape.kills.contains(&nth) {
                self.kill().await;
            }
            let (key, to) = (self.key(), self.key());
            match self.dice.below(27) {
                0..2 => {
                    let value = self.value();
                    let op = Op::Put { key, value };
                    self.call(op, async |life| self.system.upload(&life, key, value).await)
                        .await;
                }
                2..4 => self.assemble(key, to).await,
                dice => {
                    let op = self.op(dice, key, to);
                    self.call(op, async |life| self.system.ask(&life, op).await)
                        .await;
                }
            }
        }
    }

    fn op(&self, dice: usize, key: Key, to: Key) -> Op {
        match dice {
            4..8 => Op::Put {
                key,
                value: self.value(),
            },
            8..9 => Op::New {
                key,
                value: self.value(),
            },
            9..14 => Op::Get {
                key,
                with: self.key_of(key),
            },
            14..16 => Op::Delete { key },
            16..18 => Op::Copy {
                from: key,
                with: self.key_of(key),
                to,
                kept: self.kind(),
            },
            18..20 => Op::CopyIf {
                from: key,
                with: self.key_of(key),
                value: self.recent(),
                to,
                kept: self.kind(),
            },
            20..23 if key != to => Op::Move { from: key, to },
            23..24 => Op::DeleteIf {
                key,
                value: self.recent(),
            },
            24..26 if S::TAGS => {
                let tag = u32::try_from(content_of(self.value())).unwrap();
                Op::Tag { key, tag }
            }
            _ => Op::List,
        }
    }

    /// One of the last values written.
    fn recent(&self) -> Value {
        let last = self.values.load(Ordering::SeqCst);
        let back = u32::try_from(self.dice.below(8)).unwrap();
        last.saturating_sub(back).into()
    }

    fn key(&self) -> Key {
        self.dice.below(self.shape.keys)
    }

    /// A new one, encrypted in any way or not.
    fn value(&self) -> Value {
        let value = self.values.fetch_add(1, Ordering::SeqCst) + 1;
        kept_as(value.into(), self.kind())
    }

    fn kind(&self) -> Kind {
        let open = self.dice.below(2) == 0;
        let any = Kind::ALL[self.dice.below(Kind::ALL.len())];
        if open { Kind::Open } else { any }
    }

    /// The customer's key that a key takes, as far as known; now and then another.
    fn key_of(&self, key: Key) -> Option<u8> {
        let known = self.kinds.lock().unwrap()[key];
        let any = Kind::ALL[self.dice.below(Kind::ALL.len())];
        let kind = if self.dice.below(8) == 0 { any } else { known };
        kind.key()
    }

    fn learn(&self, op: Op, answer: Answer) {
        let mut kinds = self.kinds.lock().unwrap();
        match (op, answer) {
            (Op::Put { key, value } | Op::New { key, value }, Answer::Done) => {
                kinds[key] = kind_of(value);
            }
            (Op::Get { key, .. }, Answer::Held(Some(value))) => kinds[key] = kind_of(value),
            (Op::Copy { to, kept, .. } | Op::CopyIf { to, kept, .. }, Answer::Held(Some(_))) => {
                kinds[to] = kept;
            }
            (Op::Move { from, to }, Answer::Held(Some(_))) => kinds[to] = kinds[from],
            _ => {}
        }
    }

    /// A part copy is a read at its instant, and its completion a put at another.
    async fn assemble(&self, from: Key, to: Key) {
        let (with, kept) = (self.key_of(from), self.kind());
        let mut part = None;
        let copied = self
            .call(Op::Look { key: from, with }, async |life| {
                let copied = self.system.copy_part(&life, (from, with), (to, kept));
                let (answer, copied) = copied.await?;
                part = copied;
                Some(answer)
            })
            .await;
        if let (Some(part), Some(Answer::Held(Some(value)))) = (part, copied) {
            let value = kept_as(content_of(value), kept);
            let op = Op::Put { key: to, value };
            self.call(op, async |life| self.system.complete(&life, part).await)
                .await;
        }
    }

    /// One call, written down before it begins and after it ended.
    async fn call(
        &self,
        op: Op,
        ask: impl AsyncFnOnce(S::Life) -> Option<Answer>,
    ) -> Option<Answer> {
        let (number, life, index) = loop {
            let (number, life) = self.lives.borrow().clone();
            if let Some(index) = self.begin(number, op) {
                break (number, life, index);
            }
            self.life_after(number).await;
        };
        let answer = ask(life).await;
        {
            let mut log = self.log.lock().unwrap();
            log.now += 1;
            let now = log.now;
            if log.life == number {
                let answer = answer.expect("a system that lives answers");
                log.calls[index].ended = Some((now, answer));
                self.learn(op, answer);
                return Some(answer);
            }
        }
        // Its life has ended meanwhile: whatever was said, nobody heard it.
        self.life_after(number).await;
        None
    }

    /// Writes down that a call of this life begins; `None` if the life has ended.
    fn begin(&self, life: usize, op: Op) -> Option<usize> {
        let mut log = self.log.lock().unwrap();
        if log.life != life {
            return None;
        }
        log.now += 1;
        let begun = log.now;
        log.calls.push(Call {
            op,
            begun,
            ended: None,
            gone: None,
        });
        Some(log.calls.len() - 1)
    }

    async fn life_after(&self, number: usize) {
        let mut lives = self.lives.subscribe();
        lives.wait_for(|(next, _)| *next > number).await.unwrap();
    }

    async fn kill(&self) {
        let _one_at_a_time = self.killing.lock().await;
        let (number, life) = self.lives.borrow().clone();
        self.log.lock().unwrap().life = number + 1;
        let next = self.system.kill(life).await;
        {
            // Nobody is left who could do what the last life was asked for.
            let mut log = self.log.lock().unwrap();
            log.now += 1;
            let now = log.now;
            for call in &mut log.calls {
                if call.ended.is_none() && call.gone.is_none() {
                    call.gone = Some(now);
                }
            }
        }
        self.lives.send_replace((number + 1, next));
        // What the kill left is known before anything else is asked: few ways stay open.
        self.call(Op::List, async |life| {
            self.system.ask(&life, Op::List).await
        })
        .await;
    }
}
