//! `jeton apply`: clients, APIs and trusted issuers as a file says.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{
    management::{self, Kind, Management, Written},
    output,
};

mod difference;
mod file;
mod plan;
mod secrets;

use file::{File, Naming};
use plan::{Left, Plan, Step};
use secrets::Secrets;

/// The order in which documents are written: what others name comes before them. They are deleted in the
/// other order.
const ORDER: [Kind; 3] = [Kind::Api, Kind::Client, Kind::Trust];

/// The exit code of `--dry-run` where there is something to do.
const SOMETHING_TO_DO: u8 = 2;

pub(crate) fn command() -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    Command::new("apply")
        .about("Have clients, APIs and trusted issuers as a file says")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .help("[[clients]], [[apis]] and [[trust]] as TOML or JSON; - for standard input"),
        )
        .arg(switch(
            "dry-run",
            "Show what would be done; exits with 2 if there is something",
        ))
        .arg(switch(
            "prune",
            "Delete what an apply of this file made and what stands in it no more",
        ))
        .arg(
            Arg::new("secrets-to")
                .long("secrets-to")
                .value_name("FILE")
                .help("Write the secrets of new clients there as JSON, instead of printing them"),
        )
        .args(management::args())
        .arg(management::create_arg().conflicts_with("dry-run"))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode> {
    let source = matches
        .get_one::<String>("file")
        .map_or("-", String::as_str);
    let file = File::read(source).with_context(|| source.to_owned())?;
    let prunes = matches.get_flag("prune");
    ensure!(
        !prunes || file.naming == Naming::Own,
        "{source}: --prune deletes what has this file's label, so the file needs one of its own: managed_by = \"…\""
    );
    let deployment = management::connect(matches)?;
    let left = if prunes { Left::Deleted } else { Left::Named };
    let plan = Plan::new(&file, &deployment, left)?;
    output::say(&plan.described())?;
    let steps = plan.steps();
    if matches.get_flag("dry-run") {
        return Ok(if steps.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(SOMETHING_TO_DO)
        });
    }
    let secrets = matches.get_one::<String>("secrets-to");
    let mut secrets = Secrets::to(secrets.map(String::as_str))?;
    let all = steps.len();
    for (done, step) in steps.iter().enumerate() {
        take(&deployment, step, &mut secrets).with_context(|| {
            format!("{step} failed; of {all} steps {done} were taken, and running it again goes on")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes one step, and says so.
fn take(deployment: &Management, step: &Step<'_>, secrets: &mut Secrets) -> Result<()> {
    let kind = step.kind();
    let written = match step {
        Step::Create { document, .. } => deployment.create(kind, document),
        Step::Change {
            standing, document, ..
        } => deployment.replace(kind, standing, document),
        Step::Delete { standing, .. } => {
            deployment.delete(kind, standing)?;
            return output::say(&step.done());
        }
    };
    let Written { entry, secret } = written?;
    output::say(&step.done())?;
    if let Some(secret) = secret {
        secrets.tell(kind.name_of(&entry.document), &secret)?;
    }
    Ok(())
}
