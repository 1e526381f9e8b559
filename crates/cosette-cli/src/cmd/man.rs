//! `man`: the manual pages, made from the same words as `--help`.

use std::fs;

use clap_mangen::Man;

use crate::args::{ManArgs, command};
use crate::failure::{Failure, Result};
use crate::output::Output;

pub(super) fn run(args: &ManArgs, output: &Output) -> Result<()> {
    let Some(folder) = &args.dir else {
        let mut page = Vec::new();
        let rendered = Man::new(command()).render(&mut page);
        rendered.map_err(|why| Failure::local("the manual page", why))?;
        return output.raw(&page);
    };
    let told = |why| Failure::local(folder.display(), why);
    fs::create_dir_all(folder).map_err(told)?;
    // One page for each command, named as `man` looks for them: `cosette-config-init.1`.
    clap_mangen::generate_to(command(), folder).map_err(told)?;
    output.done(&format!("the manual pages are in {}", folder.display()))
}
