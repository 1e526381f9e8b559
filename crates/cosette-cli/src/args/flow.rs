//! The words after each command's help, as the terminal is wide. In the source they are wrapped; wrapped
//! once more where the terminal is narrower, every second line would end after a word.

use clap::CommandFactory;

use super::Cli;

/// The command line, with its help as paragraphs instead of lines.
pub(crate) fn command() -> clap::Command {
    flowing(Cli::command())
}

fn flowing(command: clap::Command) -> clap::Command {
    let flowed = |text: Option<&clap::builder::StyledStr>| text.map(|text| flow(&text.to_string()));
    let (short, long) = (
        flowed(command.get_after_help()),
        flowed(command.get_after_long_help()),
    );
    let mut command = command.mut_subcommands(flowing);
    if let Some(text) = short {
        command = command.after_help(text);
    }
    if let Some(text) = long {
        command = command.after_long_help(text);
    }
    command
}

/// Joins the lines of each paragraph. Lines that are indented are examples, and stay.
fn flow(text: &str) -> String {
    let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ');
    let mut flowed = String::with_capacity(text.len());
    let mut before = None;
    for line in text.lines() {
        match before {
            Some(before) if is_prose(before) && is_prose(line) => flowed.push(' '),
            Some(_) => flowed.push('\n'),
            None => {}
        }
        flowed.push_str(line);
        before = Some(line);
    }
    flowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn paragraphs_flow_and_examples_stay() {
        let text = "One\ntwo.\n\nThree:\n  cosette ls\n  cosette mb\nFour";
        assert_eq!(
            flow(text),
            "One two.\n\nThree:\n  cosette ls\n  cosette mb\nFour"
        );
    }
}
