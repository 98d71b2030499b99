"""3D Slicer's module: muscle volume from a volume and a few drawn slices, by the installed ifssnet."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import qt
from IFSSNetLib import commands, nodes, tables
from IFSSNetLib.process import Work, environment_for
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

import slicer


class IFSSNet(ScriptedLoadableModule):
    """What 3D Slicer shows of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "IFSS-Net"
        parent.categories = ["Segmentation"]
        parent.dependencies = ["Segmentations"]
        parent.contributors = ["The IFSS-Net contributors"]
        parent.helpText = (
            "Draw a muscle on a few slices; this module segments the others and measures. It runs the package ifssnet in a "
            "process of its own. For research; not a medical device."
        )
        parent.acknowledgementText = "The method: Al Chanti et al., IEEE Transactions on Medical Imaging, 2021."


class IFSSNetLogic(ScriptedLoadableModuleLogic):
    """One leg: files in a temporary folder, the commands on them, and nodes from the answers."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.folder = Path(tempfile.mkdtemp(prefix="ifssnet-"))
        self.result = None
        self._marks = {}
        self._corrections = []

    def cleanup(self):
        """Remove the temporary folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def own_interpreter():
        """3D Slicer's own Python, as a program."""
        return shutil.which("PythonSlicer") or sys.executable

    def environment(self, interpreter):
        """The variables for an interpreter: 3D Slicer's for its own, those of its start for another."""
        import os

        return environment_for(interpreter, self.own_interpreter(), os.environ, slicer.util.startupEnvironment())

    def _write(self, volume, seeds, leave_out):
        volume_file, seeds_file = self.folder / "volume.nrrd", self.folder / "seeds.seg.nrrd"
        nodes.write_volume(volume, volume_file)
        nodes.write_seeds(seeds, volume, seeds_file, leave_out)
        return volume_file, seeds_file

    def start(self, interpreter, volume, seeds, method="", leave_out=(), corrected=False):
        """Segment and measure; with `corrected`, what was edited in the last result counts as drawn.

        Raises:
            nodes.Refused: What cannot be done, in a sentence for the user.
        """
        volume_file, seeds_file = self._write(volume, seeds, leave_out)
        if corrected:
            self._keep_corrections(volume, seeds)
        else:
            self._corrections = []
        output = self.folder / "result.seg.nrrd"
        return Work(
            [
                commands.segment(interpreter, volume_file, seeds_file, output, method, self._corrections),
                commands.measure(interpreter, output, volume_file),
            ],
            self.environment(interpreter),
        )

    def _keep_corrections(self, volume, seeds):
        if self.result is None or self.result.GetScene() is None:
            raise nodes.Refused("There is no result to correct yet. Press Apply first.")
        axis = nodes.drawn_slices(seeds, volume)[0].axis
        edited = nodes.changed(self._marks, nodes.marks(self.result, volume, axis))
        if not edited:
            raise nodes.Refused("Nothing was edited in the result. Correct a slice of it in the Segment Editor first.")
        path = self.folder / f"corrections{len(self._corrections) + 1}.seg.nrrd"
        nodes.write_seeds(self.result, volume, path, only=edited, axis=axis)
        self._corrections.append(path)

    def take(self, work, volume, seeds):
        """The nodes of what a work answered: segmentation, table of volumes, ACSA table, chart."""
        segmented, measured = work.answers()
        name = f"{volume.GetName()} IFSS-Net"
        into = self.result if self.result is not None and self.result.GetScene() is not None else None
        output = self.folder / "result.seg.nrrd"
        self.result = nodes.load_result(slicer.mrmlScene, output, volume, name, segmented, into)
        self._marks = nodes.marks(self.result, volume, nodes.drawn_slices(seeds, volume)[0].axis)
        volumes = self._table(f"{name} volumes", *tables.volume_rows(measured))
        columns, rows = tables.profile_rows(measured)
        profile = self._table(f"{name} ACSA", columns, rows)
        return self.result, volumes, profile, tables.plot(slicer.mrmlScene, profile, columns, f"{name} ACSA chart")

    @staticmethod
    def _table(name, columns, rows):
        table = slicer.mrmlScene.GetFirstNode(name, "vtkMRMLTableNode")
        table = table or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        tables.fill(table, columns, rows)
        return table

    def start_suggestions(self, interpreter, volume, seeds, leave_out=()):
        """Ask which slices to draw next."""
        volume_file, seeds_file = self._write(volume, seeds, leave_out)
        folder = Path(tempfile.mkdtemp(dir=self.folder)) / "case"
        return Work(commands.suggest(interpreter, folder, volume_file, seeds_file), self.environment(interpreter))

    def start_install(self, interpreter, requirement):
        """Install the package by pip."""
        return Work([commands.install(interpreter, requirement)], self.environment(interpreter), answer_is_talk=True)


class IFSSNetWidget(ScriptedLoadableModuleWidget):
    """The panel."""

    def setup(self):
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = IFSSNetLogic()
        self.work = None
        self.then = None
        form = qt.QFormLayout()
        self.layout.addLayout(form)
        self.volume = self._selector("vtkMRMLScalarVolumeNode")
        self.seeds = self._selector("vtkMRMLSegmentationNode")
        self.method = qt.QComboBox()
        for name, words in commands.METHODS:
            self.method.addItem(words, name)
        self.slices = qt.QListWidget()
        form.addRow("Volume:", self.volume)
        form.addRow("Segmentation with the drawn slices:", self.seeds)
        form.addRow(self._button("Show the drawn slices", self.on_show))
        form.addRow("Drawn; untick what does not count:", self.slices)
        form.addRow("Method:", self.method)
        self.starters = [
            self._button("Apply", lambda: self.on_apply(False)),
            self._button("Apply again after correction of the result", lambda: self.on_apply(True)),
            self._button("Which slices to draw next?", self.on_suggest),
        ]
        for button in self.starters:
            form.addRow(button)
        self.bar = qt.QProgressBar()
        self.bar.maximum = 100
        self.stop = self._button("Cancel", self.on_cancel)
        self.stop.enabled = False
        self.words = qt.QPlainTextEdit()
        self.words.readOnly = True
        form.addRow(self.bar)
        form.addRow(self.stop)
        form.addRow(self.words)
        self._installing(form)
        self.layout.addStretch(1)
        self.volume.connect("currentNodeChanged(vtkMRMLNode*)", lambda _: self.slices.clear())
        self.seeds.connect("currentNodeChanged(vtkMRMLNode*)", lambda _: self.slices.clear())
        self.timer = qt.QTimer()
        self.timer.setInterval(200)
        self.timer.connect("timeout()", self.on_timer)

    def _installing(self, form):
        settings = qt.QSettings()
        self.interpreter = qt.QLineEdit(settings.value("IFSSNet/interpreter") or self.logic.own_interpreter())
        self.interpreter.connect("editingFinished()", self.on_interpreter)
        self.requirement = qt.QLineEdit("ifssnet")
        form.addRow("Python that has ifssnet:", self.interpreter)
        form.addRow("Package, folder or wheel:", self.requirement)
        self.starters.append(self._button("Install ifssnet...", self.on_install))
        form.addRow(self.starters[-1])

    def _selector(self, kind):
        selector = slicer.qMRMLNodeComboBox()
        selector.nodeTypes = [kind]
        selector.addEnabled = selector.removeEnabled = False
        selector.noneEnabled = True
        selector.setMRMLScene(slicer.mrmlScene)
        return selector

    def _button(self, text, pressed):
        button = qt.QPushButton(text)
        button.connect("clicked(bool)", lambda _: pressed())
        return button

    def cleanup(self):
        """End what runs, and remove the temporary files."""
        self.timer.stop()
        if self.work is not None:
            self.work.cancel()
        self.logic.cleanup()

    def on_interpreter(self):
        """Remember which Python has the package."""
        qt.QSettings().setValue("IFSSNet/interpreter", self.interpreter.text)

    def on_show(self):
        """List the drawn slices."""
        try:
            drawn = nodes.drawn_slices(self.seeds.currentNode(), self.volume.currentNode())
        except nodes.Refused as refused:
            slicer.util.errorDisplay(str(refused))
            return
        self.slices.clear()
        for z in sorted({z for entry in drawn for z in entry.slices}):
            names = ", ".join(entry.name for entry in drawn if z in entry.slices)
            item = qt.QListWidgetItem(f"{z}: {names}")
            item.setData(qt.Qt.UserRole, z)
            item.setCheckState(qt.Qt.Checked)
            self.slices.addItem(item)

    def _left_out(self):
        items = [self.slices.item(row) for row in range(self.slices.count)]
        return [int(item.data(qt.Qt.UserRole)) for item in items if item.checkState() == qt.Qt.Unchecked]

    def on_apply(self, corrected):
        """Segment and measure."""
        volume, seeds = self.volume.currentNode(), self.seeds.currentNode()
        method = self.method.itemData(self.method.currentIndex)
        python = self.interpreter.text
        self._begin(
            lambda: self.logic.start(python, volume, seeds, method, self._left_out(), corrected),
            lambda work: self._show(work, volume, seeds),
        )

    def _show(self, work, volume, seeds):
        _, volumes, _, _ = self.logic.take(work, volume, seeds)
        slicer.util.setSliceViewerLayers(background=volume)
        selection = slicer.app.applicationLogic().GetSelectionNode()
        selection.SetActiveTableID(volumes.GetID())
        slicer.app.applicationLogic().PropagateTableSelection()

    def on_suggest(self):
        """Ask for the slices to draw next."""
        volume, seeds = self.volume.currentNode(), self.seeds.currentNode()
        self._begin(
            lambda: self.logic.start_suggestions(self.interpreter.text, volume, seeds, self._left_out()),
            lambda work: self.words.appendPlainText("\n".join(tables.suggestion_words(work.answers()[-1]))),
        )

    def on_install(self):
        """Install the package after saying what that is."""
        python, requirement = self.interpreter.text, self.requirement.text
        if slicer.util.confirmOkCancelDisplay(commands.install_words(python, requirement)):
            self._begin(lambda: self.logic.start_install(python, requirement), lambda _: None)

    def _begin(self, start, then):
        try:
            self.work = start()
        except (nodes.Refused, OSError) as refused:
            slicer.util.errorDisplay(str(refused))
            return
        self.then = then
        self.words.setPlainText("")
        self._working(True)
        self.timer.start()

    def _working(self, now):
        for button in self.starters:
            button.enabled = not now
        self.stop.enabled = now
        self.bar.value = 0

    def on_cancel(self):
        """End the process."""
        if self.work is not None:
            self.work.cancel()

    def on_timer(self):
        """Look how far the work is."""
        over = self.work.poll()
        step = self.work.step
        if step is not None:
            self.bar.value = int(100 * step.fraction)
            self.bar.format = f"{step.stage} %p%"
        if not over:
            return
        self.timer.stop()
        self._working(False)
        self.words.setPlainText("\n".join(self.work.said))
        if self.work.cancelled:
            self.words.appendPlainText("Cancelled. Nothing was changed.")
        elif self.work.failed:
            slicer.util.errorDisplay("The command did not succeed.", detailedText="\n".join(self.work.said))
        else:
            try:
                self.then(self.work)
            except nodes.Refused as refused:
                slicer.util.errorDisplay(str(refused))


class IFSSNetTest(ScriptedLoadableModuleTest):
    """What can be tested without the package: a drawn cube goes to a file and comes back."""

    def setUp(self):
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        """Run all tests."""
        self.setUp()
        self.test_there_and_back()

    def test_there_and_back(self):
        """Drawn slices are found, and the file that is written holds them."""
        import numpy as np

        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "leg")
        slicer.util.updateVolumeFromArray(volume, np.zeros((12, 10, 8), np.uint8))
        seeds = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "drawn")
        seeds.CreateDefaultDisplayNodes()
        seeds.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segment = seeds.GetSegmentation().AddEmptySegment("SOL", "SOL")
        drawn = np.zeros((12, 10, 8), np.uint8)
        drawn[[2, 9], 3:6, 2:5] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(drawn, seeds, segment, volume)
        self.assertEqual(nodes.drawn_slices(seeds, volume)[0].slices, (2, 9))
        logic = IFSSNetLogic()
        try:
            nodes.write_seeds(seeds, volume, logic.folder / "seeds.seg.nrrd")
            back = nodes.load_result(slicer.mrmlScene, logic.folder / "seeds.seg.nrrd", volume, "back", {})
            self.assertEqual(nodes.drawn_slices(back, volume)[0].slices, (2, 9))
        finally:
            logic.cleanup()
        self.delayDisplay("Test passed")
