//! Steps, what each waits for, and the two lanes that run them: what cargo builds leaves a processor idle at
//! times, and what is tested mostly waits.
//!
//! One lane begins with what is cargo's, the other with the rest; a lane that has nothing of its own to do
//! helps the other. Cargo's steps never run beside each other: they would wait for the lock of one folder.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::report::{Row, Table, Tally};
use crate::step;

type Run<'a> = Box<dyn FnOnce() -> Result<Tally> + Send + 'a>;

#[derive(Clone, Copy, PartialEq)]
enum Lane {
    Cargo,
    Tests,
}

/// One row of the table.
pub(crate) struct Step<'a> {
    name: String,
    table: Table,
    lane: Lane,
    /// Steps that must have passed.
    needs: Vec<String>,
    /// Steps that must have ended, however.
    after: Vec<String>,
    run: Run<'a>,
}

impl<'a> Step<'a> {
    /// A step that calls cargo for something in `target`.
    pub(crate) fn cargo<T: Into<Tally>>(
        name: impl Into<String>,
        run: impl FnOnce() -> Result<T> + Send + 'a,
    ) -> Self {
        Self::new(name.into(), Lane::Cargo, run)
    }

    /// Any other step.
    pub(crate) fn test<T: Into<Tally>>(
        name: impl Into<String>,
        run: impl FnOnce() -> Result<T> + Send + 'a,
    ) -> Self {
        Self::new(name.into(), Lane::Tests, run)
    }

    /// The suite on a host, which has a table of its own.
    pub(crate) fn host(
        name: impl Into<String>,
        run: impl FnOnce() -> Result<Tally> + Send + 'a,
    ) -> Self {
        Self {
            table: Table::Hosts,
            ..Self::test(name, run)
        }
    }

    /// A step that is not run, and why.
    pub(crate) fn skipped(name: &str, why: &'static str) -> Self {
        Self::test(name, move || Ok(Tally::skipped(why)))
    }

    /// It runs when these have passed, and fails where one of them failed: what an earlier run has built may
    /// still lie there, and its answers would prove nothing. Who is not among the steps is not waited for.
    pub(crate) fn needs<S: Into<String>>(mut self, steps: impl IntoIterator<Item = S>) -> Self {
        self.needs.extend(steps.into_iter().map(Into::into));
        self
    }

    /// It runs when these have ended.
    pub(crate) fn after<S: Into<String>>(mut self, steps: impl IntoIterator<Item = S>) -> Self {
        self.after.extend(steps.into_iter().map(Into::into));
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn new<T: Into<Tally>>(
        name: String,
        lane: Lane,
        run: impl FnOnce() -> Result<T> + Send + 'a,
    ) -> Self {
        Self {
            name,
            table: Table::Steps,
            lane,
            needs: Vec::new(),
            after: Vec::new(),
            run: Box::new(|| run().map(Into::into)),
        }
    }

    /// The names of all that it waits for.
    pub(crate) fn waits(&self) -> impl Iterator<Item = &String> {
        self.needs.iter().chain(&self.after)
    }
}

/// Runs every step, even after one has failed; their rows in the order of the steps. Each writes into a file
/// of this folder while it runs, for those who do not want to wait for its end.
pub(crate) fn run(steps: Vec<Step>, logs: &Path) -> Vec<Row> {
    let board = Board {
        logs,
        places: Mutex::new(steps.into_iter().map(Place::Waiting).collect()),
        ended: Condvar::new(),
    };
    std::thread::scope(|scope| {
        scope.spawn(|| board.work(Lane::Cargo));
        scope.spawn(|| board.work(Lane::Tests));
    });
    let places = board.places.into_inner();
    let places = places.unwrap_or_else(PoisonError::into_inner);
    let rows = places.into_iter().filter_map(|place| match place {
        Place::Ended(row) => Some(row),
        Place::Waiting(_) | Place::Running { .. } => None,
    });
    rows.collect()
}

enum Place<'a> {
    Waiting(Step<'a>),
    Running { name: String, lane: Lane },
    Ended(Row),
}

impl Place<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Waiting(step) => &step.name,
            Self::Running { name, .. } => name,
            Self::Ended(row) => &row.name,
        }
    }
}

/// How far every step is; both lanes look at it.
struct Board<'a> {
    logs: &'a Path,
    places: Mutex<Vec<Place<'a>>>,
    /// Told when a step has ended.
    ended: Condvar,
}

impl<'a> Board<'a> {
    /// What one lane does until no step is left.
    fn work(&self, lane: Lane) {
        let mut places = self.lock();
        while places
            .iter()
            .any(|place| matches!(place, Place::Waiting(_)))
        {
            let Some((at, step)) = take(&mut places, lane) else {
                places = self
                    .ended
                    .wait(places)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let failed = first_failed(&places, &step.needs);
            drop(places);
            let row = measure(step, failed, self.logs);
            places = self.lock();
            if let Some(place) = places.get_mut(at) {
                *place = Place::Ended(row);
            }
            self.ended.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place<'a>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next step for a lane and its place, which is running from now on: the first of its own that is ready,
/// else the first of the other's.
fn take<'a>(places: &mut [Place<'a>], lane: Lane) -> Option<(usize, Step<'a>)> {
    let ready = ready(places);
    let own = ready.iter().find(|(_, of)| *of == lane);
    let (at, lane) = *own.or(ready.first())?;
    let place = places.get_mut(at)?;
    let name = place.name().to_owned();
    match std::mem::replace(place, Place::Running { name, lane }) {
        Place::Waiting(step) => Some((at, step)),
        Place::Running { .. } | Place::Ended(_) => None,
    }
}

/// Where the steps are that could run now, and whose they are. Each waits for earlier ones only, so that no
/// two can wait for each other.
fn ready(places: &[Place]) -> Vec<(usize, Lane)> {
    let is_running = |of: Lane| {
        let running = |place: &Place| matches!(place, Place::Running { lane, .. } if *lane == of);
        places.iter().any(running)
    };
    let cargo_runs = is_running(Lane::Cargo);
    let mut ready = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let Place::Waiting(step) = place else {
            continue;
        };
        let mut waited_for = places
            .iter()
            .take(at)
            .filter(|other| step.waits().any(|name| name == other.name()));
        if waited_for.all(|other| matches!(other, Place::Ended(_)))
            && !(cargo_runs && step.lane == Lane::Cargo)
        {
            ready.push((at, step.lane));
        }
    }
    ready
}

fn first_failed(places: &[Place], needs: &[String]) -> Option<String> {
    places.iter().find_map(|place| match place {
        Place::Ended(row) if needs.contains(&row.name) && row.tally.failed > 0 => {
            Some(row.name.clone())
        }
        _ => None,
    })
}

/// Runs a step, in a thread that writes into a file of its own, and prints the file when it has ended.
fn measure(step: Step, failed: Option<String>, logs: &Path) -> Row {
    let Step {
        name,
        table,
        lane,
        run,
        ..
    } = step;
    let log = log_of(&name, logs);
    println!("    {name}: begins");
    let begin = Instant::now();
    let (outcome, used) = match failed {
        Some(failed) => (Err(anyhow!("not run: `{failed}` failed")), Duration::ZERO),
        None => std::thread::scope(|scope| {
            let running = scope.spawn(|| match create(&log) {
                Ok(file) => {
                    step::write_into(file);
                    if lane == Lane::Cargo {
                        step::give_way();
                    }
                    (run(), step::used())
                }
                Err(error) => (Err(error), Duration::ZERO),
            });
            running
                .join()
                .unwrap_or_else(|_| (Err(anyhow!("it panicked")), Duration::ZERO))
        }),
    };
    let tally = outcome.unwrap_or_else(|error| Tally::failed(format!("{error:#}")));
    // At once, so that nothing of the other lane comes between.
    let written = std::fs::read(&log).unwrap_or_default();
    let mut text = format!("\n==> {name}\n{}", String::from_utf8_lossy(&written));
    if tally.failed > 0 {
        let _ = writeln!(text, "{name} FAILED: {}", tally.note);
    }
    println!("{}", text.trim_end());
    Row {
        name,
        table,
        tally,
        took: begin.elapsed(),
        used,
    }
}

fn log_of(name: &str, logs: &Path) -> PathBuf {
    let name = name.replace(|char: char| !char.is_ascii_alphanumeric(), "-");
    logs.join(format!("{name}.log"))
}

fn create(log: &Path) -> Result<File> {
    std::fs::create_dir_all(log.parent().unwrap_or(log))?;
    // Else what a program writes and what is said between would be written over each other.
    let file = File::options().create(true).append(true).open(log);
    let file = file.with_context(|| log.display().to_string())?;
    file.set_len(0)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use anyhow::bail;

    use super::Step;
    use crate::report::{Row, Tally};

    const LONG: Duration = Duration::from_secs(10);

    fn run(steps: Vec<Step>) -> Vec<Row> {
        let (process, thread) = (std::process::id(), std::thread::current().id());
        let logs = std::env::temp_dir().join(format!("jeton-lanes-{process}-{thread:?}"));
        let rows = super::run(steps, &logs);
        std::fs::remove_dir_all(logs).unwrap();
        rows
    }

    #[test]
    fn rows_in_the_order_of_the_steps() {
        let order = Mutex::new(Vec::new());
        let ran = |name: &'static str| order.lock().unwrap().push(name);
        let steps = vec![
            Step::cargo("build", || {
                ran("build");
                Ok("2 MB")
            }),
            Step::test("suite", || {
                ran("suite");
                Ok("")
            })
            .needs(["build"]),
            Step::cargo("broken", || {
                ran("broken");
                bail!("exit status: 1");
                #[allow(unreachable_code)]
                Ok("")
            })
            .after(["suite"]),
            Step::test("of what is broken", || {
                ran("of what is broken");
                Ok("")
            })
            .needs(["broken", "what nobody knows"]),
            Step::test("table", || {
                ran("table");
                Ok("")
            })
            .after(["of what is broken"]),
            Step::skipped("arm64", "--quick"),
        ];
        let rows = run(steps);
        let told: Vec<_> = rows
            .iter()
            .map(|row| (&*row.name, row.tally.passed, &*row.tally.note))
            .collect();
        let expected = [
            ("build", 1, "2 MB"),
            ("suite", 1, ""),
            ("broken", 0, "exit status: 1"),
            ("of what is broken", 0, "not run: `broken` failed"),
            ("table", 1, ""),
            ("arm64", 0, "--quick"),
        ];
        assert_eq!(told, expected);
        assert_eq!(
            *order.lock().unwrap(),
            ["build", "suite", "broken", "table"]
        );
    }

    #[test]
    fn two_at_a_time_and_cargo_alone() {
        let (to_second, first) = channel();
        let (to_first, second) = channel();
        let building = Mutex::new(());
        let steps = vec![
            // Each waits for the other: they pass only beside each other.
            Step::test("one", move || {
                to_second.send(())?;
                Ok(second.recv_timeout(LONG).map(|()| "")?)
            }),
            Step::test("two", move || {
                to_first.send(())?;
                Ok(first.recv_timeout(LONG).map(|()| "")?)
            }),
        ];
        assert!(run(steps).iter().all(|row| row.tally == Tally::passed("")));
        let build = || match building.try_lock() {
            Ok(_guard) => {
                std::thread::sleep(Duration::from_millis(50));
                Ok("")
            }
            Err(_) => bail!("another one builds"),
        };
        let steps = vec![Step::cargo("a", build), Step::cargo("b", build)];
        assert!(run(steps).iter().all(|row| row.tally == Tally::passed("")));
    }

    #[test]
    fn what_panics_has_failed() {
        let rows = run(vec![Step::test::<&str>("it", || panic!("a bug"))]);
        assert_eq!(rows[0].tally, Tally::failed("it panicked"));
    }
}
