"""The ten slowest tests of a nextest run, and those that passed only when tried again.

Usage: nextest_report.py JUNIT_XML [FILE_FOR_FLAKY_TESTS]
"""
import sys
import xml.etree.ElementTree as tree

SLOWEST = 10


def main(junit: str, flaky_file: str) -> None:
    cases = list(tree.parse(junit).iter("testcase"))
    print(f"the {SLOWEST} slowest tests:")
    for case in sorted(cases, key=seconds, reverse=True)[:SLOWEST]:
        print(f"  {seconds(case):6.1f} s  {name(case)}")
    flaky = [name(case) for case in cases if case.find("flakyFailure") is not None]
    for test in flaky:
        print(f"FLAKY: {test} failed once and passed when tried again")
    if flaky_file:
        with open(flaky_file, "a", encoding="utf-8") as file:
            file.writelines(f"{test}\n" for test in flaky)


def seconds(case: tree.Element) -> float:
    return float(case.get("time", "0"))


def name(case: tree.Element) -> str:
    return f"{case.get('classname')} {case.get('name')}"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
