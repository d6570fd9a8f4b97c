# SPDX-License-Identifier: MIT
"""Tests of scripts/bench itself: python3 tools/bench --self-test."""
from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

import __main__ as command
import catalogue
import compare
import compile_cost
import fitness
import machine
import plot
import program
import results
import samples
import svg
import yardsticks
from catalogue import ROOT, Mistake
from samples import Samples

FIGURES = {
    "yardsticks": {"measures": "", "figures": {
        "json_us": {"unit": "us", "better": "smaller", "measures": ""},
        "sha256_mb_s": {"unit": "MB/s", "better": "larger", "measures": ""}}},
    "toy": {"measures": "a toy", "figures": {
        "call_us": {"unit": "us", "better": "smaller", "measures": "", "yardstick": "json_us"},
        "rate_rps": {"unit": "1/s", "better": "larger", "measures": "", "yardstick": "json_us"},
        "hash_us": {"unit": "us", "better": "smaller", "measures": "", "yardstick": "sha256_mb_s"},
        "size": {"unit": "B", "better": "neither", "measures": ""},
        "*_ms": {"unit": "ms", "better": "smaller", "measures": ""}}}}
BARS = {"bars": {"toy": {"call_us": "4 * json_us", "rate_rps": 1000}}, "tolerance": {"toy": 0.1}}
MACHINE = {"processor": "one", "architecture": "x86_64", "cores": 2, "virtual": False, "memory_mb": 8000,
           "kernel": "Linux 6", "system": "Debian", "disk": {"file_system": "ext4", "device": "/dev/vda",
                                                              "rotational": False, "free_mb": 90000}}
FIT = {"load_1m": 0.1, "busy": [], "steal": 0.0, "governors": [], "memory_free_mb": 4000}


def toy(runs: list[dict[str, float | None]], json_us: float = 2.0, pairing: str | None = None) -> dict:
    """A result of the benchmark `toy` with these values, a dictionary a run."""
    known = catalogue.parse(FIGURES, BARS)
    series = results.Series([], {"compiler": "g++ 12", "flags": "-O3", "commit": {"id": "c" * 40, "dirty": False},
                                 "program_sha256": ""})
    for run in runs:
        entry = {id: known["toy"].figure(id) for id in run}
        series.runs.append({id: (value, entry[id].unit if entry[id] else "") for id, value in run.items()})
        series.yardsticks.append({"json_us": (json_us, "us"), "sha256_mb_s": (1000 / json_us, "MB/s")})
        series.conditions.append({"others": 0.0, "steal": 0.0})
    return results.assemble(known["toy"], known["yardsticks"].figures, series, MACHINE, {**FIT, "warnings": []}, pairing)


def output_of(call) -> tuple[object, str]:
    """What a call returns, and what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        value = call()
    return value, printed.getvalue()


class SamplesTest(unittest.TestCase):
    def test_the_median_and_the_spread(self):
        s = Samples((3.0, 1.0, 2.0))
        self.assertEqual((s.median, s.smallest, s.largest, s.spread), (2, 1, 3, 1))
        self.assertIsNone(Samples((-1.0, 0.0, 1.0)).spread)

    def verdict(self, first, second, better="smaller", paired=False):
        return samples.compare(Samples(tuple(first)), Samples(tuple(second)), better, paired).verdict

    def test_ranges_that_overlap_are_noise(self):
        self.assertEqual(self.verdict([10, 11, 14], [13, 15, 16]), "within noise")

    def test_ranges_that_do_not_overlap_are_a_verdict_by_direction(self):
        self.assertEqual(self.verdict([10, 11, 12], [13, 14, 15]), "worse")
        self.assertEqual(self.verdict([10, 11, 12], [13, 14, 15], "larger"), "better")
        self.assertEqual(self.verdict([13, 14, 15], [10, 11, 12]), "better")
        self.assertEqual(self.verdict([13, 14, 15], [10, 11, 12], "larger"), "worse")

    def test_a_change_below_the_floor_is_noise(self):
        self.assertEqual(self.verdict([100, 100, 100], [102, 102, 102]), "within noise")
        self.assertEqual(self.verdict([100, 100, 100], [104, 104, 104]), "worse")

    def test_two_runs_or_no_direction_have_no_verdict(self):
        self.assertEqual(self.verdict([1, 1], [9, 9]), "too few runs")
        self.assertEqual(self.verdict([1, 1, 1], [9, 9, 9], None), "no direction")

    def test_pairs_see_through_a_drift_that_hides_the_change(self):
        first, second = [10, 20, 30, 40, 50], [11, 22, 33, 44, 55]
        self.assertEqual(self.verdict(first, second), "within noise")
        self.assertEqual(self.verdict(first, second, paired=True), "worse")
        self.assertAlmostEqual(samples.compare(Samples(tuple(first)), Samples(tuple(second)), "smaller", True).ratio, 1.1)

    def test_pairs_must_agree_but_one_of_eight(self):
        self.assertEqual(self.verdict([10] * 5, [11, 11, 11, 11, 9], paired=True), "within noise")
        self.assertEqual(self.verdict([10] * 8, [11] * 7 + [9], paired=True), "worse")
        self.assertEqual(self.verdict([10] * 8, [11] * 6 + [9, 9], paired=True), "within noise")

    def test_values_of_zero_or_less_have_no_ratio_but_a_verdict(self):
        found = samples.compare(Samples((-3.0, -2.0, -1.0)), Samples((5.0, 6.0, 7.0)), "smaller", True)
        self.assertEqual((found.ratio, found.verdict), (None, "worse"))


class CatalogueTest(unittest.TestCase):
    def test_a_bar_is_a_number_or_a_multiple(self):
        self.assertEqual(catalogue.parse_bar(150).value({}), 150)
        self.assertEqual(catalogue.parse_bar("1_000.5").value({}), 1000.5)
        self.assertEqual(catalogue.parse_bar("7.2 * json_us").value({"json_us": 2}), 14.4)
        self.assertEqual(catalogue.parse_bar("3e6 / json_us").value({"json_us": 2}), 1.5e6)
        self.assertIsNone(catalogue.parse_bar("7 * json_us").value({}))
        for text in ("", "json_us", "7*json_us", "7 + json_us", "-1", "7 * "):
            self.assertRaises(Mistake, catalogue.parse_bar, text)

    def test_a_bar_must_have_a_figure_and_a_yardstick(self):
        for bars in ({"gone_us": 1}, {"size": 1}, {"call_us": "2 * moon_us"}):
            self.assertRaises(Mistake, catalogue.parse, FIGURES, {"bars": {"toy": bars}})

    def test_a_figure_is_found_without_its_records_and_by_pattern(self):
        known = catalogue.parse(FIGURES, BARS)["toy"]
        self.assertEqual(known.figure("call_us_1e6").id, "call_us")
        self.assertEqual(known.figure("open_ms_1e7").id, "*_ms")
        self.assertEqual(known.bar("rate_rps_1e4").number, 1000)
        self.assertIsNone(known.figure("call_s"))

    def test_the_files_of_this_tree_know_every_figure_that_the_programs_name(self):
        known = catalogue.load()
        programs = {}
        for line in (ROOT / "benchmarks/sources.list").read_text().split("\n"):
            if line and not line.startswith("#"):
                name, source = line.split()
                programs[name] = programs.get(name, "") + (ROOT / source).read_text()
        self.assertEqual(set(programs) | {"compile"}, set(known))
        for name, text in programs.items():
            named = re.findall(r'\badd\(\s*"([a-z0-9_]+)"\s*,', text)
            for id in named:
                self.assertIsNotNone(known[name].figure(id), f"{id} of {name} is not in figures.toml")
            self.assertTrue(named or name in ("gate", "gate_held"), name)  # these two compose their names

    def test_the_yardsticks_that_grow_on_slow_machines_are_those_in_time(self):
        self.assertEqual({f.id for f in catalogue.load()["yardsticks"].figures if f.better == "smaller"},
                         set(catalogue.TIMES) | {"fdatasync_p99_us"})


class ResultsTest(unittest.TestCase):
    def test_medians_bars_and_absent_values(self):
        made = toy([{"call_us": 7.0, "rate_rps": 900.0}, {"call_us": 9.0, "rate_rps": None}, {"call_us": 8.0}])
        call, rate = made["figures"]
        self.assertEqual((call["median"], call["min"], call["max"], call["spread"]), (8, 7, 9, 0.25))
        self.assertEqual(call["bar"], {"bar": "4 * json_us", "value": 8, "met": True})
        self.assertEqual((rate["runs"], rate["median"]), ([900, None, None], 900))
        self.assertEqual(rate["bar"]["met"], False)
        self.assertEqual(toy([{"call_us": 8.1}])["figures"][0]["bar"]["met"], False)
        self.assertEqual(toy([{"rate_rps": 1000.0}])["figures"][0]["bar"]["met"], True)
        self.assertIsNone(toy([{"rate_rps": None}])["figures"][0]["bar"]["met"])

    def test_a_file_comes_back_and_others_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "r.json"
            made = toy([{"call_us": 7.0}])
            results.write(path, made)
            self.assertEqual(results.read(path), made)
            for text in ("[]", "{", '{"schema": "other"}', json.dumps({**made, "version": 2})):
                path.write_text(text)
                self.assertRaises(Mistake, results.read, path)
            self.assertRaises(Mistake, results.read, Path(folder) / "gone.json")

    def test_the_table_says_met_and_missed(self):
        _, text = output_of(lambda: results.print_result(toy([{"call_us": 7.0, "rate_rps": 900.0}])))
        self.assertRegex(text, r"call_us .* 8 = 4 \* json_us +met\n")
        self.assertRegex(text, r"rate_rps .* 1,000 +missed\n")


class CompareTest(unittest.TestCase):
    def test_times_and_rates_are_normalised_by_their_yardstick(self):
        first = toy([{"call_us": 10.0, "rate_rps": 100.0, "hash_us": 5.0, "size": 3.0}] * 3)
        second = toy([{"call_us": 20.0, "rate_rps": 50.0, "hash_us": 10.0, "size": 3.0}] * 3, json_us=4.0)
        rows = {row["id"]: row for row in compare.compare(first, second, 0.03)}
        self.assertEqual([rows[id]["ratio"] for id in ("call_us", "rate_rps", "hash_us")], [2, 0.5, 2])
        self.assertEqual([rows[id]["normalised"] for id in ("call_us", "rate_rps", "hash_us", "size")], [1, 1, 1, None])
        self.assertEqual(rows["call_us"]["verdict"], "worse")

    def test_other_machines_compilers_and_yardsticks_are_told(self):
        first = toy([{"call_us": 10.0}])
        self.assertEqual(compare.differences(first, toy([{"call_us": 10.0}])), [])
        second = toy([{"call_us": 10.0}], json_us=4.0)
        second["machine"] = {**MACHINE, "processor": "two", "disk": {**MACHINE["disk"], "file_system": "xfs"}}
        second["build"] = {**second["build"], "compiler": "g++ 14"}
        found = " ".join(compare.differences(first, second))
        for words in ("other processor: one, two", "other disk (file_system)", "other compiler", "yardstick json_us is 2, 4"):
            self.assertIn(words, found)

    def test_fail_worse_is_status_one(self):
        with tempfile.TemporaryDirectory() as folder:
            a, b = Path(folder) / "a.json", Path(folder) / "b.json"
            results.write(a, toy([{"call_us": 10.0}] * 3))
            results.write(b, toy([{"call_us": 12.0}] * 3))
            for words, status in (([a, b, "--fail-worse"], 1), ([b, a, "--fail-worse"], 0), ([a, b], 0),
                                  ([a, b, "--fail-worse", "--noise", "30"], 0)):
                got, text = output_of(lambda w=words: command.run_compare([str(word) for word in w]))
                self.assertEqual(got, status, text)

    def test_pairs_are_known_by_their_pairing(self):
        runs = [{"call_us": v} for v in (10.0, 20.0, 30.0)]
        later = [{"call_us": v * 1.1} for v in (10.0, 20.0, 30.0)]
        paired = compare.compare(toy(runs, pairing="p"), toy(later, pairing="p"), 0.03)
        self.assertEqual((paired[0]["verdict"], paired[0]["normalised"]), ("worse", None))
        self.assertEqual(compare.compare(toy(runs, pairing="p"), toy(later, pairing="q"), 0.03)[0]["verdict"], "within noise")


class FitnessTest(unittest.TestCase):
    def test_the_ticks_of_a_machine(self):
        got = fitness.parse_ticks("cpu  100 0 50 800 20 0 0 30 0 0\ncpu0 1 1 1 1\n")
        scale = fitness.TICKS
        self.assertEqual((got.busy * scale, got.stolen * scale, got.total * scale), (150, 30, 1000))

    def test_each_fault_has_a_warning_and_a_fit_machine_none(self):
        self.assertEqual(fitness.warnings_of(FIT, MACHINE, True), [])
        for facts, words in (({"load_1m": 1.0}, "load average"), ({"busy": [{"name": "cc1plus", "cores": 0.9}]}, "cc1plus"),
                             ({"steal": 0.05}, "5.0 %"), ({"governors": ["powersave"]}, "powersave"),
                             ({"memory_free_mb": 100}, "100 MB of memory")):
            found = fitness.warnings_of({**FIT, **facts}, MACHINE, True)
            self.assertEqual(len(found), 1)
            self.assertIn(words, found[0])

    def test_the_disk_counts_only_if_it_is_used(self):
        bad = {**MACHINE, "disk": {**MACHINE["disk"], "file_system": "tmpfs", "free_mb": 10}}
        self.assertEqual(len(fitness.warnings_of(FIT, bad, True)), 2)
        self.assertEqual(fitness.warnings_of(FIT, bad, False), [])

    def test_a_watch_counts_own_work_as_own(self):
        watch = fitness.Watch()
        begun = fitness.own_seconds()
        while fitness.own_seconds() - begun < 0.2:
            pass
        before = fitness.ticks().total - watch.before.total
        self.assertLess(watch.end()["others"], 1 - 0.1 / max(before, 0.1))


class MachineTest(unittest.TestCase):
    def test_the_longest_mount_point_counts(self):
        mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/deep xfs rw 0 0\n"
        self.assertEqual(machine.mount_of(Path("/tmp"), mounts), ("tmpfs", "tmpfs"))
        self.assertEqual(machine.mount_of(Path("/tmpx"), mounts), ("ext4", "/dev/a"))
        self.assertEqual(machine.mount_of(Path("/tmp/deep/er"), mounts), ("xfs", "/dev/b"))

    def test_this_machine_has_all_facts(self):
        facts = machine.describe(Path("."))
        self.assertEqual(set(facts), set(MACHINE))
        self.assertGreater(facts["memory_mb"], 0)
        self.assertTrue(facts["disk"]["file_system"])


class ProgramTest(unittest.TestCase):
    def script(self, folder: str, text: str) -> Path:
        path = Path(folder) / "toy"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def test_values_come_from_the_json_of_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            path = self.script(folder, """[ "$1 $2" = "--only cpu" ] || exit 3
echo '[{"id":"a","value":1.5,"unit":"us"},{"id":"b","value":null,"unit":"x"}]' >"$4"\n""")
            self.assertEqual(program.run(path, ["--only", "cpu"], True), {"a": (1.5, "us"), "b": (None, "x")})
            with self.assertRaises(Mistake) as raised:
                program.run(path, ["--only", "io"], True)
            self.assertEqual(raised.exception.status, 1)
            self.assertRaises(Mistake, program.run, Path(folder) / "gone", [])

    def test_flags_without_paths_and_warnings(self):
        words = "ccache /usr/bin/c++ -DA=1 -I/x -isystem /y -O3 -DNDEBUG -Wall -std=c++20 -o a.o -c a.cpp".split()
        self.assertEqual(program.flags_of(words), ("/usr/bin/c++", "-DA=1 -O3 -DNDEBUG -std=c++20"))

    def test_the_build_of_a_program(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "benchmarks").mkdir()
            path = self.script(folder + "/benchmarks", "")
            self.assertIsNone(program.build_of(path)["flags"])
            (Path(folder) / "compile_commands.json").write_text(json.dumps(
                [{"command": "false -O1 -o CMakeFiles/bench_other.dir/x.o"},
                 {"command": "false -O2 -o CMakeFiles/bench_toy.dir/x.o"}]))
            facts = program.build_of(path)
            self.assertEqual((facts["flags"], facts["compiler"], facts["commit"]["id"]), ("-O2", None, None))


class PlotTest(unittest.TestCase):
    def test_an_axis_is_logarithmic(self):
        axis = svg.LogAxis.around([2.0, 700.0], 0, 300)
        self.assertEqual([round(axis.place(v)) for v in (1, 10, 1000)], [0, 100, 300])
        self.assertEqual(svg.LogAxis.around([10.0, 10.0], 0, 1).decades(), [10, 100])

    def circles(self, text: str) -> int:
        root = xml.etree.ElementTree.fromstring(text)
        return len(root.findall("{http://www.w3.org/2000/svg}circle"))

    def test_each_positive_figure_is_a_dot_of_each_result(self):
        made = toy([{"call_us": 7.0, "rate_rps": 900.0, "size": -1.0}])
        self.assertEqual(self.circles(plot.draw_figures([made])), 1 + 2)
        self.assertEqual(self.circles(plot.draw_figures([made, made])), 2 * (1 + 2))
        self.assertIn("900 missed", plot.draw_figures([made]))

    def test_growth_needs_two_numbers_of_records(self):
        self.assertIsNone(plot.draw_growth([toy([{"open_ms_1e4": 1.0, "call_us": 2.0}])]))
        self.assertEqual(self.circles(plot.draw_growth([toy([{"open_ms_1e4": 1.0, "open_ms_1e6": 2.0}])])), 1 + 2)

    def test_files_by_benchmark(self):
        with tempfile.TemporaryDirectory() as folder:
            written = plot.draw([toy([{"open_ms_1e4": 1.0, "open_ms_1e6": 2.0}])], Path(folder) / "new")
            self.assertEqual([path.name for path in written], ["toy.svg", "toy-growth.svg"])
            self.assertTrue(all(path.read_text().startswith("<svg") for path in written))


class CompileTest(unittest.TestCase):
    def test_one_compile_is_measured(self):
        found = yardsticks.compile_once(yardsticks.IOSTREAM, [])
        self.assertGreater(found.seconds, 0.01)
        self.assertGreater(found.megabytes, 10)
        self.assertGreater(found.object_bytes, 500)

    def test_what_does_not_compile_is_a_failure_with_its_words(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = Path(folder) / "bad.cpp"
            bad.write_text("int main() { return nowhere; }\n")
            with self.assertRaisesRegex(Mistake, "nowhere"):
                yardsticks.compile_once(bad, [])

    def test_a_tenth_over_the_bar_is_let_pass_and_more_is_not(self):
        self.assertEqual(compile_cost.failures(toy([{"call_us": 8.7}]), 0.1), [])
        self.assertEqual(len(compile_cost.failures(toy([{"call_us": 8.9}]), 0.1)), 1)
        lame = toy([{"call_us": 8.0}])
        lame["figures"][0]["bar"]["value"] = None
        self.assertEqual(len(compile_cost.failures(lame, 0.1)), 1)

    def test_separate_programs_wait_for_headers_that_know_them(self):
        each = compile_cost.Program("x", "x", Path("x.cpp"), ours=True, separate=True)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "aiaudit/core").mkdir(parents=True)
            header = Path(folder) / "aiaudit/core/x.hpp"
            header.write_text("int i;\n")
            self.assertIn("do not know AIAUDIT_SEPARATE", compile_cost.obstacle(each, Path(folder)))
            header.write_text("#ifndef AIAUDIT_SEPARATE\n#endif\n")
            self.assertEqual(compile_cost.obstacle(each, Path(folder)), "")
            self.assertEqual(compile_cost.flags_of(each, Path(folder)), [f"-I{folder}", "-DAIAUDIT_SEPARATE"])

    def test_what_is_not_installed_is_left_out_with_words(self):
        each = compile_cost.Program("x", "X", Path("x.cpp"), needs="no/such/header.h", debian="libx-dev")
        (chosen, absent), text = output_of(lambda: compile_cost.choose([each], "", Path(".")))
        self.assertEqual((chosen, absent), ([], [each]))
        self.assertIn("X is left out: no <no/such/header.h>; install libx-dev", text)
        self.assertRaises(Mistake, compile_cost.choose, [each], "y", Path("."))

    def test_each_program_of_the_list_has_its_source_and_ours_a_bar(self):
        bars = catalogue.load()["compile"].bars
        programs = compile_cost.load()
        for each in programs:
            self.assertTrue(each.source.is_file(), each.source)
            self.assertEqual(each.ours, each.id + "_s" in bars, each.id)
        self.assertEqual({each.source for each in programs}, set(compile_cost.FOLDER.glob("*.cpp")))


class CommandTest(unittest.TestCase):
    def test_help_names_every_benchmark_and_its_figures(self):
        known = catalogue.load()
        status, text = output_of(lambda: command.main(["--help"]))
        self.assertEqual(status, 0)
        for name in known:
            self.assertIn(f"\n{name} ", text)
            _, words = output_of(lambda n=name: command.main([n, "--help"])) if name != "compile" else (0, "")
            for figure in known[name].figures if words else ():
                self.assertIn(figure.id, words)

    def test_an_unknown_benchmark_is_a_mistake(self):
        with self.assertRaisesRegex(Mistake, "no benchmark 'x'"):
            command.main(["x"])

    def test_options_of_the_program_pass_through(self):
        options, rest = command.parse_ab(["client", "a", "b", "--only", "cpu", "--runs", "7"])
        self.assertEqual((options.runs, rest), (7, ["--only", "cpu"]))


def main() -> int:
    done = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromName(__name__))
    return 0 if done.wasSuccessful() else 1
