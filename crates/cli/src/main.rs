//! The binary `egressmap`: arguments in, exit code out; the only crate that prints.

mod args;
mod check;
mod config;
mod coverage;
mod diff;
mod discover;
mod earlier;
mod formats;
mod json;
mod maps;
mod objects;
mod options;
mod parse;
mod progress;
mod propose;
mod replay;
mod reverse;
mod run;
mod say;
mod set_aside;
mod size;
mod sniff;
mod summary;
mod time;
mod why;
mod window;

use std::process::ExitCode;

use args::{Cli, Command};

/// How a command ended, as the exit code tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Done, and nothing to decide.
    Done,
    /// Done, and there is something to decide.
    Findings,
    /// Done, and the evidence does not suffice for what was asked.
    Insufficient,
    /// Not all of it could be done.
    Incomplete,
}

fn main() -> ExitCode {
    let Cli { command, global } = Cli::read();
    let ending = match command {
        Command::Run(args) => run::run(&args, &global),
        Command::Discover(args) => discover::command(&args, &global),
        Command::Parse(args) => parse::command(&args, &global),
        Command::Sniff(args) => sniff::command(&args, &global),
        Command::Formats(args) => formats::command(&args),
        Command::Show(args) => maps::show(&args),
        Command::Why(args) => why::command(&args),
        Command::Coverage(args) => coverage::command(&args),
        Command::Diff(args) => diff::command(&args),
        Command::Propose(args) => propose::command(&args, &global),
        Command::Replay(args) => replay::command(&args, &global),
        Command::Check(args) => check::command(&args),
        Command::Merge(args) => maps::merge(&args, &global),
    };
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Findings) => ExitCode::from(2),
        Ok(Ending::Insufficient) => ExitCode::from(3),
        Ok(Ending::Incomplete) => ExitCode::FAILURE,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}
