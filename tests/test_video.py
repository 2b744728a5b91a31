"""Clips in and out, faces followed from frame to frame, and how calm the landmarks are."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from synthetic import face_shape

from helpers.filters import __main__ as shell
from helpers.predict import Landmarker
from helpers.video import (
    OneEuro,
    Tracker,
    eye_distance,
    filtered,
    jitter,
    lag,
    read_clip,
    smoothed,
    write_clip,
)
from helpers.video import clips as clips_module
from helpers.video.scenes import crossing, leaving, lively, moving, still
from helpers.video.track import Face, matched

GREY = "color=gray:size={size}:rate={fps}:duration={seconds}"


def make(path, *, size="64x48", fps=25, seconds=0.4, more=(), source=None):
    """A clip that ffmpeg makes of itself: a test picture that changes, or what `source` says."""
    picture = source or f"testsrc=size={size}:rate={fps}:duration={seconds}"
    command = [get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", picture, *more, path]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def with_sound(tmp_path_factory):
    """A clip with a tone of one second, as long as its pictures: 25 of 64 x 48."""
    path = tmp_path_factory.mktemp("clips") / "tone.mp4"
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-pix_fmt", "yuv420p"]
    return make(path, seconds=1, more=tone)


def sound_of(path):
    """The sound of a clip: int16 [samples], 8000 a second."""
    command = [get_ffmpeg_exe(), "-v", "error", "-i", path, "-ac", "1", "-ar", "8000"]
    done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True)
    return np.frombuffer(done.stdout, np.int16)


def pictures(count=6, height=48, width=64):
    """Frames that are smooth and all different: a ramp that moves."""
    rows, columns = np.mgrid[:height, :width]
    return [
        np.stack([2 * columns + 10 * k, 3 * rows + 40, 100 + 0 * rows], 2).clip(0, 255).astype("u1")
        for k in range(count)
    ]


# Clips


def test_a_clip_says_how_fast_and_large_it_is_and_gives_all_its_frames(tmp_path):
    clip = read_clip(make(tmp_path / "a.mp4", seconds=0.4))
    frames = list(clip.frames())
    assert (clip.fps, clip.size, clip.count, clip.sound) == (25, (64, 48), 10, False)
    assert len(frames) == 10
    assert all(frame.shape == (48, 64, 3) and frame.dtype == np.uint8 for frame in frames)
    assert len({frame.tobytes() for frame in frames}) > 1


def test_what_is_written_is_read_again_with_the_same_colours(tmp_path):
    frames = pictures()
    assert write_clip(tmp_path / "a.mp4", frames, fps=12) == len(frames)
    clip = read_clip(tmp_path / "a.mp4")
    again = list(clip.frames())
    assert (clip.fps, clip.size, len(again)) == (12, (64, 48), len(frames))
    assert (
        max(np.abs(np.subtract(a, b, dtype=int)).mean() for a, b in zip(frames, again, strict=True))
        < 3
    )


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".gif"])
def test_every_ending_that_is_offered_can_be_written_and_read(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    write_clip(path, pictures(), fps=10)
    frames = list(read_clip(path).frames())
    assert len(frames) == 6
    assert np.abs(np.subtract(frames[3], pictures()[3], dtype=int)).mean() < 8


def test_a_picture_of_odd_size_gains_a_column_and_a_row(tmp_path):
    frames = pictures(height=47, width=63)
    write_clip(tmp_path / "odd.mp4", frames, fps=10)
    clip = read_clip(tmp_path / "odd.mp4")
    first = next(clip.frames()).astype(int)
    assert clip.size == (64, 48)
    assert np.abs(first[:47, :63] - frames[0]).mean() < 3
    assert np.abs(first[:, 63] - first[:, 62]).mean() < 8
    assert np.abs(first[47] - first[46]).mean() < 8


def test_a_portrait_that_was_filmed_lying_is_shown_upright(tmp_path):
    lying = make(
        tmp_path / "lying.mp4",
        source="color=red:size=64x48:rate=10:duration=0.5,"
        "drawbox=x=0:y=0:w=64:h=12:color=blue:t=fill",
        more=["-pix_fmt", "yuv420p"],
    )
    turned = tmp_path / "turned.mp4"
    command = [get_ffmpeg_exe(), "-v", "error", "-display_rotation", "90", "-i", lying]
    subprocess.run([*command, "-c", "copy", turned], check=True)
    clip = read_clip(turned)
    frame = next(clip.frames()).astype(int)
    assert clip.size == (48, 64) and frame.shape == (64, 48, 3)
    blue = frame[..., 2] > frame[..., 0]
    assert blue[:, :10].all() and not blue[:, 14:].any()  # the top became the left side
    write_clip(tmp_path / "again.mp4", clip.frames(), clip.fps, sound_of=turned)
    assert read_clip(tmp_path / "again.mp4").size == (48, 64)  # and is not turned twice


def test_pixels_that_are_wider_than_high_are_made_square(tmp_path):
    path = make(tmp_path / "wide.mp4", more=["-vf", "setsar=2", "-pix_fmt", "yuv420p"])
    assert read_clip(path).size == (128, 48)


def test_frames_that_come_when_they_like_stay_with_the_clock(tmp_path):
    """From the sixth frame on each fifth alone is there, as with telephones that save power."""
    frames = list(read_clip(make(tmp_path / "all.mkv", seconds=2)).frames())
    thin = ["-vf", "select='lt(n,5)+not(mod(n,5))'", "-fps_mode", "vfr"]
    clip = read_clip(make(tmp_path / "thin.mkv", seconds=2, more=thin))
    shown = list(clip.frames())
    assert len(shown) / clip.fps == pytest.approx(1.85, abs=0.2)
    away = [np.abs(shown[round(clip.fps)].astype(int) - one).mean() for one in frames]
    assert abs(int(np.argmin(away)) - 25) <= 5  # what is shown after a second


def test_the_sound_of_the_source_is_kept(with_sound, tmp_path):
    clip = read_clip(with_sound)
    assert clip.sound
    write_clip(tmp_path / "out.mp4", clip.frames(), clip.fps, sound_of=with_sound)
    out = read_clip(tmp_path / "out.mp4")
    assert out.sound and out.count == clip.count
    heard = np.abs(np.fft.rfft(sound_of(tmp_path / "out.mp4")[:8000]))
    assert heard.argmax() == pytest.approx(440, abs=2)


def test_sound_ends_with_the_pictures_and_never_cuts_them(with_sound, tmp_path):
    for count in (10, 50):  # 0.4 and 2 seconds beside a tone of one
        write_clip(tmp_path / "out.mp4", pictures(count), 25, sound_of=with_sound)
        assert len(list(read_clip(tmp_path / "out.mp4").frames())) == count
        assert len(sound_of(tmp_path / "out.mp4")) / 8000 == pytest.approx(count / 25, abs=0.1)


def test_a_clip_without_sound_stays_silent(tmp_path):
    silent = make(tmp_path / "silent.mp4")
    write_clip(tmp_path / "out.mp4", pictures(), 25, sound_of=silent)
    assert not read_clip(tmp_path / "out.mp4").sound


def test_names_that_mean_something_to_ffmpeg_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-y.mp4", "%03d.mkv", "tee a|b.mkv"):
        if sys.platform == "win32" and "|" in name:
            continue
        write_clip(name, pictures(), 10)
        assert len(list(read_clip(name).frames())) == 6
        assert Path(name).exists()


@pytest.mark.parametrize("content", [b"", b"no clip at all\n" * 40, b"\0\0\0\x18ftypmp42" * 9])
def test_a_file_that_is_no_clip_is_named_in_one_sentence(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"notes\.txt: not a clip that can be read .*\.$"):
        read_clip(path)


def test_sound_alone_is_no_clip(tmp_path):
    path = make(tmp_path / "tone.m4a", source="sine=frequency=440:duration=0.2")
    with pytest.raises(ValueError, match=r"tone\.m4a: not a clip"):
        read_clip(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.mp4: there is no such file\."):
        read_clip(tmp_path / "gone.mp4")
    with pytest.raises(ValueError, match=r"gone\.mp4: there is no such file\."):
        write_clip(tmp_path / "out.mp4", pictures(), 10, sound_of=tmp_path / "gone.mp4")


def test_a_clip_with_zero_frames_says_so(tmp_path):
    path = make(tmp_path / "empty.avi", more=["-frames:v", "0"])
    with pytest.raises(ValueError, match=r"empty\.avi: a clip without a single frame"):
        read_clip(path)


def test_nothing_is_written_of_no_frames_of_other_sizes_or_under_another_ending(tmp_path):
    uneven = [*pictures(2), *pictures(1, height=50)]
    grey = [np.zeros((48, 64), np.uint8)]
    for name, frames, told in (
        ("none.mp4", [], r"none\.mp4: there is no frame to write"),
        (
            "uneven.mp4",
            uneven,
            r"uneven\.mp4: a frame must be RGB uint8 \[48, 64, 3\], not uint8 \[50, 64, 3\]",
        ),
        ("grey.mp4", grey, r"grey\.mp4: a frame must be RGB uint8"),
        ("clip.txt", pictures(), r"clip\.txt: a clip's name has to end in \.mp4"),
    ):
        with pytest.raises(ValueError, match=told):
            write_clip(tmp_path / name, frames, 10)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_breaks_off_leaves_the_older_file_and_nothing_besides(tmp_path, error):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")

    def breaks():
        yield from pictures()
        raise error

    with pytest.raises(error):
        write_clip(path, breaks(), 10)
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


def test_a_pipe_that_breaks_while_frames_are_made_is_no_end_of_the_clip(tmp_path):
    """Such as that of a progress bar, into a program that has ended."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")

    def breaks():
        yield from pictures()
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(OSError, match=r"clip\.mp4: could not be written .*Broken pipe"):
        write_clip(path, breaks(), 10)
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


def test_a_decoder_that_dies_is_no_end_of_the_clip(tmp_path, monkeypatch):
    clip = read_clip(make(tmp_path / "clip.mp4"))
    dies = "import sys; sys.stdout.buffer.write(bytes(64 * 48 * 3)); sys.exit(1)"
    monkeypatch.setattr(clips_module, "_reading", lambda path: [sys.executable, "-c", dies])
    frames = clip.frames()
    assert next(frames).shape == (48, 64, 3)
    with pytest.raises(OSError, match=r"clip\.mp4: ffmpeg broke off"):
        next(frames)


def test_a_file_that_breaks_off_gives_the_frames_before_that(tmp_path):
    whole = make(tmp_path / "whole.mkv", seconds=4)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 0 < len(list(read_clip(cut).frames())) < len(list(read_clip(whole).frames()))


def test_an_encoder_that_fails_is_told_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(clips_module, "H264", ["-c:v", "nothing"])
    with pytest.raises(OSError, match=r"clip\.mp4: could not be written \(ffmpeg: .*ncoder"):
        write_clip(tmp_path / "clip.mp4", pictures(), 10)
    assert not list(tmp_path.iterdir())


def test_who_wants_no_more_frames_leaves_no_process_behind(tmp_path, monkeypatch):
    started = []

    class Watched(subprocess.Popen):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            started.append(self)

    path = make(tmp_path / "long.mp4", size="640x480", seconds=20)
    clip = read_clip(path)
    monkeypatch.setattr(subprocess, "Popen", Watched)
    frames = clip.frames()
    next(frames)
    frames.close()
    assert [process.poll() is not None for process in started] == [True]


# Smoothing


def noisy(places, deviation=0.2, seed=0):
    """A face of 62 pixels between the eyes at places [t, 2], with white noise: [t, 68, 2] twice."""
    truth = 60 * face_shape()[None] + np.asarray(places, float)[:, None]
    return truth, truth + np.random.default_rng(seed).normal(0, deviation, truth.shape)


def test_jitter_is_the_standard_deviation_in_per_cent_of_the_eye_distance():
    truth, seen = noisy(np.zeros((400, 2)), deviation=0.5)
    expected = 100 * np.sqrt(2) * 0.5 / eye_distance(truth[0])
    assert jitter(seen) == pytest.approx(expected, rel=0.05)
    assert jitter(truth) < 1e-9
    assert jitter(3 * seen) == pytest.approx(jitter(seen))


@pytest.mark.parametrize("frames", [0, 1, 2.5])
def test_lag_is_the_number_of_frames_that_points_come_late(frames):
    time = np.arange(120)
    way = lambda t: np.stack([40 * np.sin(t / 9), 10 * np.cos(t / 14)], 1)  # noqa: E731
    truth, late = noisy(way(time), 0)[0], noisy(way(time - frames), 0)[0]
    assert lag(truth, late) == pytest.approx(frames, abs=0.1)
    assert lag(truth, late + 7) == pytest.approx(frames, abs=0.1)  # an error that stays is none


def test_smoothing_calms_a_still_face_and_is_quick_in_motion():
    _, seen = noisy(np.zeros((90, 2)))
    eyes = eye_distance(seen[0])
    way = np.abs((np.arange(120) / 30 + 0.5) % 2 - 1)
    truth, moved = noisy(np.stack([eyes * way, 0 * way], 1))
    assert jitter(smoothed(seen, 30)[15:]) < jitter(seen[15:]) / 4
    assert 0 < lag(truth, smoothed(moved, 30)) < 2


def test_a_lower_cutoff_is_calmer_and_a_lower_beta_slower():
    _, seen = noisy(np.zeros((90, 2)))
    trembles = [jitter(smoothed(seen, 30, min_cutoff=cutoff)) for cutoff in (0.2, 1, 5)]
    assert trembles == sorted(trembles)
    truth, moved = noisy(np.stack([60 * np.sin(np.arange(120) / 10), np.zeros(120)], 1))
    lags = [lag(truth, smoothed(moved, 30, beta=beta)) for beta in (8, 2, 0.1)]
    assert lags == sorted(lags)


def test_smoothing_does_not_depend_on_the_size_of_the_face():
    _, seen = noisy(np.cumsum(np.random.default_rng(1).normal(0, 1, (40, 2)), 0))
    np.testing.assert_allclose(smoothed(5 * seen, 30), 5 * smoothed(seen, 30), rtol=1e-4)


def test_a_frame_that_comes_late_counts_for_more():
    """A camera drops frames: what was 0.3 seconds ago says little of now."""
    _, (first, second) = noisy([(0, 0), (5, 0)], 0)
    moved = []
    for wait in (0.03, 0.3):
        smooth = OneEuro()
        for index in range(30):
            smooth(first, index / 30)
        moved.append(float((smooth(second, 29 / 30 + wait) - first).mean()))
    assert 0 < moved[0] < moved[1]


def test_the_same_time_twice_changes_nothing():
    _, (first, second) = noisy([(0, 0), (5, 0)], 0)
    smooth = OneEuro()
    smooth(first, 1.0)
    np.testing.assert_allclose(smooth(second, 1.0), first, rtol=1e-6)


# Tracking


@pytest.fixture(scope="module")
def landmarker():
    return Landmarker.load("fast", "cpu")


def followed(landmarker, scene, **settings):
    """A scene's frames through a tracker: list of the faces of each, the truth, the tracker."""
    frames, truth = scene.film()
    tracker = Tracker(landmarker, fps=scene.fps, **settings)
    return [tracker.step(frame) for frame in frames], truth, tracker


def off(face, truth):
    """How far a face is from each true one [n, 68, 2], in per cent of its eye distance: [n]."""
    away = np.linalg.norm(face.landmarks - truth, axis=2).mean(1)
    return 100 * away / eye_distance(truth)


def places(steps):
    """The landmarks of the one face in all frames: [t, 68, 2]."""
    return np.array([face.landmarks for (face,) in steps])


@pytest.mark.parametrize("seed", [3, 5, 6])
def test_a_still_face_trembles_four_times_less(landmarker, seed):
    """What the course promises; the noise of the scene is another in each frame."""
    scene = still(seed, count=75)
    raw = places(followed(landmarker, scene, smooth=False)[0])
    calm = places(followed(landmarker, scene)[0])
    assert jitter(raw) > 0.1  # there is something to smooth
    assert jitter(calm[15:]) < jitter(raw[15:]) / 4
    np.testing.assert_allclose(calm, smoothed(raw, scene.fps), atol=1e-3)


def test_where_all_frames_are_the_same_nothing_trembles(landmarker):
    """The crop follows the landmarks and the landmarks the crop: that must come to rest."""
    raw = places(followed(landmarker, still(count=40, noise=0), smooth=False)[0])
    assert jitter(raw[15:]) < 1e-3


def test_a_face_that_moves_one_eye_distance_a_second_is_two_frames_late_at_most(landmarker):
    steps, truth, _ = followed(landmarker, moving(speed=1.0, count=75), smooth=False)
    raw, known = places(steps), truth[:, 0]
    calm = smoothed(raw, 30)
    step = np.linalg.norm(np.diff(known, axis=0), axis=2).mean()
    assert 30 * step / eye_distance(known[0]) == pytest.approx(1, abs=0.1)
    assert 0 < lag(known, calm) < 2
    # Nor is it later where the face turns round.
    assert np.linalg.norm((calm - raw).mean(1), axis=1).max() < 2 * step


def test_a_lively_face_is_followed_with_few_looks_of_the_finder(landmarker):
    steps, truth, tracker = followed(landmarker, lively(count=45), interval=15)
    assert [[face.number for face in faces] for faces in steps] == [[1]] * 45
    errors = [off(face, known)[0] for (face,), known in zip(steps, truth, strict=True)]
    assert np.mean(errors) < 5 and max(errors) < 8
    assert min(face.trust for (face,) in steps) > 0.8
    assert tracker.looks == 3
    points = places(steps)
    jumps = np.linalg.norm(np.diff(points, axis=0) - np.diff(truth[:, 0], axis=0), axis=2).max()
    assert jumps < 0.1 * eye_distance(truth[0, 0])


def test_what_a_reader_does_to_landmarks_is_not_what_is_remembered(landmarker):
    frames, _ = still(count=3).film()
    for smooth in (True, False):
        touched, left = Tracker(landmarker, smooth), Tracker(landmarker, smooth)
        for frame in frames:
            (face,), (other,) = touched.step(frame), left.step(frame)
            np.testing.assert_array_equal(face.landmarks, other.landmarks)
            face.landmarks[:] *= 2


def test_a_face_that_is_hidden_keeps_the_speed_that_it_had(landmarker):
    """Its crop shows the one before it, whose place says nothing of where it goes."""
    frames, truth = still(count=1).film()
    tracker = Tracker(landmarker)
    tracker.step(frames[0], 0.0)
    (face,) = tracker.faces
    aside = truth[0, 0] - (0.3 * np.ptp(truth[0, 0, :, 0]), 0)
    hidden = Face(2, aside.astype(np.float32), 1.0, 0.0, None, speed=np.array([30.0, 0]))
    tracker.faces.append(hidden)  # its crop will show the other
    tracker.step(frames[0], 0.1)
    assert [one.number for one in tracker.faces] == [face.number]
    assert tracker.lost == [hidden] and hidden.speed.tolist() == [30, 0] and hidden.seen == 0


def test_of_two_lost_beside_each_other_one_comes_back_once(landmarker):
    frames, truth = still(count=1).film()
    tracker = Tracker(landmarker, interval=1000)
    tracker.step(np.full_like(frames[0], 128), 0.0)  # the finder has looked, and saw nobody
    tracker.last_look = 10**6
    tracker.numbers = 2
    for number, aside in ((1, -0.4), (2, 0.4)):
        points = truth[0, 0] + (aside * np.ptp(truth[0, 0, :, 0]), 0)
        tracker.lost.append(Face(number, points.astype(np.float32), 1.0, 0.0, None))
    (face,) = tracker.step(frames[0], 0.1)
    assert face.number in (1, 2) and off(face, truth[0])[0] < 5


def test_two_who_cross_keep_their_numbers_and_never_share_a_face(landmarker):
    steps, truth, _ = followed(landmarker, crossing(count=60, fps=20))
    who = {}
    for faces, known in zip(steps, truth, strict=True):
        told = [int(off(face, known).argmin()) for face in faces]
        assert len(set(told)) == len(told)
        for face, person in zip(faces, told, strict=True):
            who.setdefault(face.number, set()).add(person)
    assert who == {1: {0}, 2: {1}}
    assert [len(faces) for faces in (steps[0], steps[-1])] == [2, 2]
    assert min(len(faces) for faces in steps) == 1  # one was hidden indeed


def test_a_face_that_leaves_is_gone_and_has_its_number_when_it_comes_back(landmarker):
    steps, truth, _ = followed(landmarker, leaving(count=56, fps=20))
    out = truth[:, 0, :, 0].min(1) > 320
    assert out.sum() > 10
    assert all(not faces for faces, gone in zip(steps, out, strict=True) if gone)
    assert [face.number for face in steps[0]] == [face.number for face in steps[-1]] == [1]
    assert max(off(face, truth[-1])[0] for face in steps[-1]) < 5


def test_who_stays_away_for_long_is_somebody_new(landmarker):
    frames, _ = still(count=1).film()
    tracker = Tracker(landmarker)
    empty = np.full_like(frames[0], 128)
    assert [face.number for face in tracker.step(frames[0], 0.0)] == [1]
    for index in range(1, 40):
        tracker.step(empty, index / 10)
    found = [tracker.step(frames[0], 4 + index / 10) for index in range(6)]
    assert [face.number for face in found[-1]] == [2]


def test_a_lost_face_is_looked_for_where_it_was_before_the_finder_looks_everywhere(landmarker):
    frames, _ = still(count=1).film()
    tracker = Tracker(landmarker, interval=1000)
    covered = np.full_like(frames[0], 128)
    numbers = []
    for frame in [frames[0]] * 3 + [covered] * 6 + [frames[0]] * 2:
        tracker.last_look = tracker.count if tracker.count else -1000  # never everywhere again
        numbers.append([face.number for face in tracker.step(frame)])
    assert numbers[0] == [1] and numbers[8] == [] and numbers[-1] == [1]
    assert tracker.looks == 1


def test_an_empty_picture_has_no_faces_and_a_face_that_comes_is_found_soon(landmarker):
    frames, _ = still(count=1).film()
    tracker = Tracker(landmarker, interval=30)
    for _ in range(8):
        assert tracker.step(np.full_like(frames[0], 128)) == []
    found = [tracker.step(frames[0]) for _ in range(4)]
    assert [face.number for face in found[-1]] == [1]


def test_a_face_cut_by_the_border_is_followed(landmarker):
    frames, truth = still(count=3).film()
    cut = int(truth[0, 0, :, 0].min() + 0.25 * np.ptp(truth[0, 0, :, 0]))
    tracker = Tracker(landmarker)
    tracker.step(frames[0])
    numbers = []
    for left in range(0, cut, 3):  # the picture's border moves into the face
        (face,) = tracker.step(np.ascontiguousarray(frames[1][:, left:]))
        numbers.append(face.number)
    away = np.linalg.norm(face.landmarks + np.array([left, 0]) - truth[0, 0], axis=1)[20:].mean()
    assert set(numbers) == {1}
    assert 100 * away / eye_distance(truth[0, 0]) < 12


def test_the_pairs_are_those_that_overlap_most_in_all():
    boxes = np.array([(0, 0, 10, 10), (4, 0, 10, 10)], np.float32)
    others = np.array([(3, 0, 10, 10), (9, 0, 10, 10), (50, 0, 10, 10)], np.float32)
    one, other = matched(boxes, others, 0.1)
    assert dict(zip(one.tolist(), other.tolist(), strict=True)) == {0: 0, 1: 1}
    assert len(matched(boxes[:0], others, 0.1)[0]) == 0


# All together


@pytest.fixture(scope="module")
def filmed(tmp_path_factory, with_sound):
    """A generated clip of a face, 20 frames, with the tone."""
    path = tmp_path_factory.mktemp("film") / "face.mp4"
    write_clip(path, lively(count=20).frames(), 30, sound_of=with_sound)
    return path


def test_a_clip_comes_out_with_what_was_drawn_and_its_sound(landmarker, filmed, tmp_path):
    seen = []

    def draw(frame, faces):
        seen.append(faces)
        x, y = faces[0].landmarks[30].round().astype(int)
        frame[y - 8 : y + 9, x - 8 : x + 9] = (255, 0, 0)
        return frame

    report = filtered(filmed, tmp_path / "out.mp4", draw, landmarker, progress=False)
    out = read_clip(tmp_path / "out.mp4")
    assert (report.frames, report.faces, len(seen)) == (20, 1, 20)
    assert report.fps > 0
    assert out.sound and out.size == (320, 240)
    for frame, (face,) in zip(out.frames(), seen, strict=True):
        x, y = face.landmarks[30].round().astype(int)
        assert frame[y, x].astype(int) == pytest.approx((255, 0, 0), abs=30)


def test_a_clip_without_a_face_comes_out_as_it_was(landmarker, tmp_path):
    plain = make(tmp_path / "plain.mp4", source=GREY.format(size="64x48", fps=10, seconds=0.5))
    draw = lambda frame, faces: frame  # noqa: E731
    report = filtered(plain, tmp_path / "out.mp4", draw, landmarker, progress=False)
    assert (report.frames, report.faces) == (5, 0)
    assert len(list(read_clip(tmp_path / "out.mp4").frames())) == 5


def test_a_clip_may_be_replaced_by_its_filtered_self(landmarker, filmed, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(filmed.read_bytes())
    filtered(path, path, lambda frame, faces: 255 - frame, landmarker, progress=False)
    before, after = next(read_clip(filmed).frames()), next(read_clip(path).frames())
    assert np.abs(255 - before.astype(int) - after).mean() < 5
    assert read_clip(path).sound


# The shell of the filters


@pytest.mark.parametrize(
    "change, size",
    [
        (["-vf", "scale=301:225", "-c:v", "ffv1"], (302, 226)),
        (["-c", "copy"], (240, 320)),
    ],
    ids=["odd", "filmed lying"],
)
def test_the_shell_puts_a_filter_on_a_clip_and_keeps_its_sound(
    filmed, tmp_path, capsys, change, size
):
    source, out = tmp_path / "in.mkv", tmp_path / "out.mp4"
    if size[0] < size[1]:  # a telephone that was held upright notes a turn
        source = source.with_suffix(".mp4")
        change = ["-display_rotation", "90", "-i", filmed, *change]
    else:
        change = ["-i", filmed, *change]
    subprocess.run([get_ffmpeg_exe(), "-v", "error", *change, source], check=True)
    shell.main([str(source), str(out), "--filter", "tiger", "--weights", "fast"])
    assert "out.mp4: 20 frames, 1 face, " in capsys.readouterr().out
    before, after = read_clip(source), read_clip(out)
    assert after.sound and after.size == size and before.count == after.count
    for one, other in zip(before.frames(), after.frames(), strict=True):
        height, width = one.shape[:2]
        worn = np.abs(one.astype(int) - other[:height, :width]).max(2) > 60
        assert 0.02 < worn.mean() < 0.25  # the face, and no more


def test_the_shell_says_that_nobody_was_seen(tmp_path, capsys):
    plain = make(tmp_path / "plain.mp4", source=GREY.format(size="64x48", fps=10, seconds=0.5))
    shell.main([str(plain), str(tmp_path / "out.mp4"), "--filter", "hat", "--weights", "fast"])
    assert "out.mp4: 5 frames, no face seen, " in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, target, said",
    [
        ("text.mp4", "out.mp4", r"text\.mp4: not a clip that can be read"),
        ("zero.mp4", "out.mp4", r"zero\.mp4: not a clip that can be read"),
        ("empty.avi", "out.mp4", r"empty\.avi: a clip without a single frame"),
        ("plain.mp4", "out.png", r"plain\.mp4: not a picture .*; a clip's OUT ends in \.mp4"),
        ("gone.mp4", "out.mp4", r"gone\.mp4: there is no such file"),
    ],
)
def test_the_shell_says_in_one_sentence_what_is_wrong_with_a_clip(tmp_path, name, target, said):
    (tmp_path / "text.mp4").write_text("no clip")
    (tmp_path / "zero.mp4").touch()
    make(tmp_path / "empty.avi", more=["-frames:v", "0"])
    make(tmp_path / "plain.mp4")
    with pytest.raises(SystemExit, match=said) as ended:
        arguments = [str(tmp_path / name), str(tmp_path / target)]
        shell.main([*arguments, "--filter", "hat", "--weights", "fast"])
    assert "\n" not in str(ended.value) and not (tmp_path / target).exists()


def test_what_is_smoothed_does_not_change_with_the_array_that_was_given():
    smooth, landmarks = OneEuro(), np.ones((68, 2), np.float32)
    smooth(landmarks, 0.0)
    landmarks += 50
    assert smooth(np.ones((68, 2), np.float32), 0.1).max() < 2
