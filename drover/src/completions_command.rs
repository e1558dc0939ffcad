//! `drover completions`: a script that completes commands and flags in a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{
    exit::{CliError, Exit},
    output::Output,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover completions bash > ~/.local/share/bash-completion/completions/drover
  drover completions zsh > ~/.zfunc/_drover
  drover completions fish > ~/.config/fish/completions/drover.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell to write it for.
    shell: Shell,
}

/// `command`: the whole command line.
pub(crate) fn run(args: &CompletionsArgs, mut command: Command, output: Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "drover", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| CliError::new(Exit::Failed, format!("the script is not text: {error}")))?;
    let object = serde_json::json!({ "shell": args.shell.to_string(), "script": script });
    output.either(&object, script.trim_end());
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn scripts_for_every_shell_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "drover", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("dead-letters") && script.contains("completions"), "{shell}");
        }
    }
}
