// canary_test: the real scripts write, are cut off, are lied to by the disk; what the checks say.
#include "harness/process/process.h"
#include "tests/mocks/fake_remote.h"
#include "tests/unit/load/canary_testing.h"

namespace ernstfall {
namespace {

using load_testing::CanaryTest;
using load_testing::kCanaryRun;
using load_testing::VolumeNode;
using std::chrono::seconds;
using testing::HasSubstr;
namespace fs = std::filesystem;

TEST_F(CanaryTest, EveryBlockIsFoundAndNothingIsLeft) {
  const auto started = start();
  ASSERT_TRUE(started) << to_string(started.error());
  ASSERT_TRUE(wait_for(40));
  fault_takes_effect();
  canary_->stop();
  const auto audited = audit();
  ASSERT_TRUE(audited) << to_string(audited.error());
  const CanaryMeasurement found = measured();
  EXPECT_GE(found.acknowledged, 40U);
  EXPECT_TRUE(found.lost.empty());
  EXPECT_EQ(found.unaudited, 0U);
  EXPECT_GT(found.longest_write_ms, 0);
  EXPECT_EQ(judged("block-loss").verdict, Verdict::pass) << judged("block-loss").message;
  EXPECT_EQ(judged("write-order").verdict, Verdict::pass) << judged("write-order").message;
  ASSERT_TRUE(canary_->cleanup(Deadline::after(seconds(60)), {}));
  EXPECT_TRUE(fs::is_empty(volume_));
}

// A planted defect on the disk, and what the two checks make of it.
class CanaryDefect : public CanaryTest {
 protected:
  static constexpr std::uint64_t kBytes = kCanaryBlockBytes;
  void SetUp() override {
    CanaryTest::SetUp();
    ASSERT_TRUE(start());
    ASSERT_TRUE(wait_for(40));
    fault_takes_effect();
    canary_->stop();
  }
  void judge(Verdict loss, Verdict order) {
    ASSERT_TRUE(audit());
    EXPECT_EQ(judged("block-loss").verdict, loss) << judged("block-loss").message;
    EXPECT_EQ(judged("write-order").verdict, order) << judged("write-order").message;
  }
};

TEST_F(CanaryDefect, ABlockInTheMiddleThatIsGoneIsLostOutOfOrder) {
  overwrite(0, 17 * kBytes, zeros(kBytes));
  judge(Verdict::fail, Verdict::fail);
  EXPECT_THAT(judged("write-order").message,
              HasSubstr("block 17 was acknowledged and is lost, block 18 was issued after that"));
}

TEST_F(CanaryDefect, TheLastBlocksMayBeLostInOrder) {
  overwrite(0, 30 * kBytes, zeros((256 - 30) * kBytes));
  judge(Verdict::fail, Verdict::pass);
  EXPECT_EQ(measured().lost.front().seq, 30U);
  EXPECT_EQ(measured().lost.front().found_as, "empty");
}

TEST_F(CanaryDefect, ABlockWithoutSomeOfItsSectorsIsTorn) {
  overwrite(0, 20 * kBytes + 1024, zeros(512));
  judge(Verdict::fail, Verdict::fail);
  const CanaryMeasurement found = measured();
  EXPECT_EQ(found.torn, 1U);
  ASSERT_EQ(found.lost.size(), 1U);
  EXPECT_EQ(found.lost.front().seq, 20U);
}

TEST_F(CanaryDefect, EveryByteCounts) {
  overwrite(0, 25 * kBytes + 3000, "\x01");
  judge(Verdict::fail, Verdict::fail);
  EXPECT_EQ(measured().lost.front().found_as, "wrong");
  EXPECT_THAT(judged("block-loss").evidence.front().text, HasSubstr("holds something else"));
  EXPECT_THAT(judged("block-loss").evidence.front().text, HasSubstr("ernstfall-canary"));
}

TEST_F(CanaryDefect, ABlockInAnothersPlaceIsWrong) {
  fs::path file = folder() / "blocks-0";
  std::ifstream in(file, std::ios::binary);
  std::string bytes(kBytes, 0);
  in.seekg(9 * kBytes);
  in.read(bytes.data(), kBytes);
  overwrite(0, 12 * kBytes, bytes);
  judge(Verdict::fail, Verdict::fail);
  EXPECT_THAT(measured().lost.front().saw, HasSubstr("test 9 1/8"));
}

TEST_F(CanaryDefect, AShorterFileHasLostItsEnd) {
  fs::resize_file(folder() / "blocks-0", 35 * kBytes);
  judge(Verdict::fail, Verdict::pass);
  EXPECT_EQ(measured().lost.front().seq, 35U);
  EXPECT_EQ(measured().lost.front().found_as, "gone");
}

TEST_F(CanaryDefect, AFileThatIsGoneHasLostEverything) {
  fs::remove(folder() / "blocks-0");
  judge(Verdict::fail, Verdict::pass);
  EXPECT_EQ(measured().lost.size(), measured().acknowledged);
}

TEST_F(CanaryDefect, WhatCannotBeReadIsUnknown) {
  fs::remove(folder() / "blocks-0");
  fs::create_directory(folder() / "blocks-0");
  EXPECT_FALSE(audit());
  EXPECT_EQ(judged("block-loss").verdict, Verdict::unknown);
  EXPECT_EQ(judged("write-order").verdict, Verdict::unknown);
}

TEST_F(CanaryDefect, WhatIsMountedNowhereIsUnknown) {
  prod_.mount("");
  const auto read = audit();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::timeout);
  EXPECT_EQ(judged("block-loss").verdict, Verdict::unknown);
  EXPECT_THAT(judged("block-loss").message, HasSubstr("never read back"));
}

TEST_F(CanaryDefect, ARunOfManyHolesIsNotReadAsAPass) {
  // More runs than are told: what is told already is enough to fail.
  for (std::uint64_t seq = 0; seq < 40; seq += 2) overwrite(0, seq * kBytes, zeros(kBytes));
  judge(Verdict::fail, Verdict::fail);
  EXPECT_EQ(judged("block-loss").evidence.size(), CheckResult::kMaxEvidence);
}

TEST_F(CanaryTest, TheNumbersGoOnWhereTheVolumeIsMountedNext) {
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait_for(30));
  fault_takes_effect();
  prod_.cut_power();
  mirror_.mount_drbd(volume_);
  const std::uint64_t before = acknowledged();
  ASSERT_TRUE(wait_for(before + 20));
  canary_->stop();
  ASSERT_TRUE(audit());
  CanaryMeasurement found = measured();
  EXPECT_EQ(found.stretches, 2U);
  EXPECT_TRUE(found.lost.empty());
  EXPECT_THAT(found.nodes, testing::ElementsAre("mirror"));
  EXPECT_EQ(judged("block-loss").verdict, Verdict::pass) << judged("block-loss").message;

  // The replica that took over lacked the end of the first stretch.
  overwrite(0, 25 * kCanaryBlockBytes, zeros(231 * kCanaryBlockBytes));
  ASSERT_TRUE(audit());
  EXPECT_THAT(judged("write-order").message, HasSubstr("went back in time"));
  EXPECT_EQ(measured().lost.front().seq, 25U);
  EXPECT_EQ(measured().out_of_order.front().present, 256U);  // the first of the second file
}

TEST_F(CanaryTest, NothingIsWrittenWhilePaused) {
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait_for(10));
  canary_->pause();
  const std::uint64_t paused_at = acknowledged();
  (void)sleep_until(Deadline::after(Millis(200)), {});
  EXPECT_EQ(acknowledged(), paused_at);
  canary_->resume();
  EXPECT_TRUE(wait_for(paused_at + 10));
  canary_->stop();
  EXPECT_EQ(measured().stretches, 2U);
}

TEST_F(CanaryTest, AFullFileIsFollowedByAnother) {
  spec_.rate_hz = 100;
  set_file_size("1MiB", 1U << 20U);
  settings_.again = std::chrono::milliseconds(1);
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait_for(256 + 5));
  canary_->stop();
  ASSERT_TRUE(audit());
  EXPECT_EQ(measured().stretches, 2U);
  EXPECT_TRUE(measured().lost.empty());
}

TEST_F(CanaryTest, TheWriterEndsWhenNobodyListens) {
  const CanaryPlace place{volume_.string(), kCanaryRun};
  Argv argv{"sh", "-c", R"("$@" | head -n 5)", "sh"};
  const RemoteCommand write = prod_.own(canary_write(place, {0, 0, 256}, Millis(10), seconds(600)));
  argv.insert(argv.end(), write.argv.begin(), write.argv.end());
  // The shell waits for both ends of its pipe.
  const auto ran =
      run_process({.argv = argv, .stdin_text = write.stdin_text}, Deadline::after(seconds(60)), {});
  ASSERT_TRUE(ran) << to_string(ran.error());
  EXPECT_EQ(split(ran->out, '\n').size(), 6U) << ran->out;
}

TEST_F(CanaryTest, TheWriterEndsAfterItsLifetime) {
  const CanaryPlace place{volume_.string(), kCanaryRun};
  const RemoteCommand write = prod_.own(canary_write(place, {0, 0, 256}, seconds(100), seconds(1)));
  const auto ran = run_process({.argv = write.argv, .stdin_text = write.stdin_text},
                               Deadline::after(seconds(60)), {});
  ASSERT_TRUE(ran) << to_string(ran.error());
  EXPECT_EQ(ran->signal, SIGALRM);
}

// --- where it refuses to write ---

using CanaryPlaces = CanaryTest;

TEST_F(CanaryPlaces, AnotherDeviceIsRefused) {
  prod_.mount(VolumeNode::line_for(volume_, "/dev/mapper/root"));
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().what, HasSubstr("/dev/mapper/root, which is no DRBD device"));
  EXPECT_TRUE(fs::is_empty(volume_));
}

TEST_F(CanaryPlaces, TheFolderBelowAMountThatIsNotThereIsRefused) {
  prod_.mount("");
  ASSERT_FALSE(start());
  EXPECT_TRUE(fs::is_empty(volume_));
}

TEST_F(CanaryPlaces, AReadOnlyFileSystemIsRefused) {
  for (const auto& line : {VolumeNode::line_for(volume_, "/dev/drbd0", "ro,relatime"),
                           VolumeNode::line_for(volume_, "/dev/drbd0", "rw", "ro")}) {
    prod_.mount(line);
    const auto started = start();
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().what, HasSubstr("read-only"));
    EXPECT_TRUE(fs::is_empty(volume_));
  }
}

TEST_F(CanaryPlaces, APathThatLeadsElsewhereIsRefused) {
  std::string line = VolumeNode::line_for(volume_, "/dev/drbd0");
  prod_.mount("99 1 147:0" + line.substr(line.find(" / ")));  // another device than the folder's
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().what, HasSubstr("does not lead to /dev/drbd0"));
}

TEST_F(CanaryPlaces, AFolderOfSomebodyElseIsNeitherUsedNorRemoved) {
  fs::create_directory(folder());
  std::ofstream(folder() / "owner") << "somebody\n";
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().what, HasSubstr("belongs to somebody else"));
  EXPECT_TRUE(fs::exists(folder() / "owner"));
}

TEST_F(CanaryPlaces, ALinkInPlaceOfTheFolderIsNotFollowed) {
  fs::create_directory(temp_.path() / "elsewhere");
  fs::create_directory_symlink(temp_.path() / "elsewhere", folder());
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().what, HasSubstr("is not ours"));
  EXPECT_TRUE(fs::is_empty(temp_.path() / "elsewhere"));
}

TEST_F(CanaryPlaces, WhatIsNotOursStaysInTheFolder) {
  ASSERT_TRUE(start());
  canary_->stop();
  std::ofstream(folder() / "note") << "mine\n";
  EXPECT_FALSE(canary_->cleanup(Deadline::after(seconds(60)), {}));
  EXPECT_TRUE(fs::exists(folder() / "note"));
}

// What the preflight makes of the answers of nodes.
class CanaryPreflight : public testing::Test {
 protected:
  CanaryPreflight() {
    spec_.load = "canary.block";
    spec_.params["path"] = {ParamValue::Kind::text, "/srv/cloud", 0};
    spec_.place = "kill-prod.yaml:34:5";
    mirror_.on({"perl"}).fails(4, "");
  }
  Result<std::string> check() {
    return check_canary({{"prod", &prod_}, {"mirror", &mirror_}}, spec_, seconds(10), {});
  }
  void expect_refused(const std::string& why) {
    const auto checked = check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::refused);
    EXPECT_EQ(checked.error().where, "kill-prod.yaml:34:5");
    EXPECT_THAT(checked.error().what, HasSubstr(why));
  }
  FakeRemote prod_{"prod"};
  FakeRemote mirror_{"mirror"};
  LoadSpec spec_;
};

TEST_F(CanaryPreflight, SaysWhereItWillWrite) {
  prod_.on({"perl"}).out("mounted /dev/drbd0 ext4 100000000\n");
  const auto checked = check();
  ASSERT_TRUE(checked) << to_string(checked.error());
  EXPECT_THAT(*checked, HasSubstr("on prod: blocks of 4 KiB at 5/s into /srv/cloud (/dev/drbd0"));
}

TEST_F(CanaryPreflight, RefusesWithThePlaceInTheFile) {
  prod_.on({"perl"}).out("mounted /dev/drbd0 ext4 1000000\n");
  expect_refused("twice its file");
  prod_.on({"perl"}).fails(127, "sh: 1: perl: not found");
  expect_refused("package perl-base");
  prod_.on({"perl"}).fails(4, "");
  expect_refused("/srv/cloud is mounted on none of prod, mirror");
  prod_.on({"perl"}).out("mounted /dev/drbd0 ext4 100000000\n");
  mirror_.on({"perl"}).out("mounted /dev/drbd0 ext4 100000000\n");
  expect_refused("prod and mirror at once");
}

TEST_F(CanaryPreflight, APathMustBePlain) {
  for (const char* path : {"srv/cloud", "/srv/cloud/", "/", "/srv/../etc", "/srv//cloud", "/a b"}) {
    spec_.params["path"].text = path;
    const auto checked = check();
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().code, Errc::usage);
    EXPECT_EQ(checked.error().where, "kill-prod.yaml:34:5");
  }
}

}  // namespace
}  // namespace ernstfall
