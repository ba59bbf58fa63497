//! The command described: for shells, and as a page of the manual.

use anyhow::{Context, Result};
use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::output;

pub(crate) fn commands() -> [Command; 2] {
    [
        Command::new("completions")
            .about("Print what a shell completes this command with")
            .arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(PossibleValuesParser::new(["bash", "zsh", "fish"]))
                    .help("bash: source it; zsh: save it as _jeton in $fpath; fish: source it"),
            ),
        Command::new("man")
            .about("Print a page of the manual: jeton man client new | man -l -")
            .arg(
                Arg::new("command")
                    .value_name("COMMAND")
                    .num_args(0..)
                    .help("The command that it is about [default: all of it]"),
            ),
    ]
}

pub(crate) fn completions(matches: &ArgMatches, command: &mut Command) -> Result<()> {
    let shell = match matches.get_one::<String>("shell").map(String::as_str) {
        Some("zsh") => Shell::Zsh,
        Some("fish") => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, command, "jeton", &mut text);
    output::print(&String::from_utf8(text)?)
}

/// The page of the command that is named, or of the whole.
pub(crate) fn man(matches: &ArgMatches, mut command: Command) -> Result<()> {
    command.build();
    let mut shown = &command;
    for word in matches.get_many::<String>("command").unwrap_or_default() {
        let inner = shown.find_subcommand(word);
        shown = inner
            .with_context(|| format!("there is no command {word:?} in {}", shown.get_name()))?;
    }
    let mut text = Vec::new();
    Man::new(shown.clone()).render(&mut text)?;
    output::print(&String::from_utf8(text)?)
}
