//! `tally measure NAME FOLDER FILE` counts the lines of a folder; `tally report FILE CSV...` makes one table of many.

use std::{env, error::Error, fs, path::Path};

type Row = Vec<String>;

const HEAD: [&str; 5] = ["crate", "files", "code", "comments", "blank"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", name, folder, file] => measure(name, folder, file),
        ["report", file, ref measured @ ..] => report(file, measured),
        _ => Err("usage: tally measure NAME FOLDER FILE | tally report FILE CSV...".into()),
    }
}

fn measure(name: &str, folder: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let count = lines::count_folder(Path::new(folder))?;
    if count.code == 0 {
        return Err(format!("{folder} holds no code").into());
    }
    let row = [name.to_owned()].into_iter();
    let row: Row = row.chain([count.files, count.code, count.comments, count.blank].map(|it| it.to_string())).collect();
    println!("{name}: {} lines of code in {} files", count.code, count.files);
    Ok(fs::write(file, table::to_csv(&row))?)
}

fn report(file: &str, measured: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    let mut total = [0_usize; 4];
    for csv in measured {
        let row = table::from_csv(&fs::read_to_string(csv)?);
        for (sum, cell) in total.iter_mut().zip(&row[1..]) {
            *sum += cell.parse::<usize>()?;
        }
        rows.push(row);
    }
    rows.push([vec!["all".to_owned()], total.map(|sum| sum.to_string()).to_vec()].concat());
    let text = table::markdown(&rows);
    print!("{text}");
    Ok(fs::write(file, text)?)
}
