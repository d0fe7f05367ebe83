// power_lab: switches the power of a lab's virtual machine: off is SIGKILL to its hypervisor
// process.
#include <utility>

#include "harness/inject/power.h"
#include "lab/lab.h"

namespace ernstfall {
namespace {

class LabNodePower final : public Power {
 public:
  LabNodePower(std::string lab, std::string node) : lab_(std::move(lab)), node_(std::move(node)) {}

  Status on(Deadline deadline, const std::stop_token& stop) override {
    return lab_power(lab_, node_, LabPower::on, deadline, stop);
  }
  Status off(Deadline deadline, const std::stop_token& stop) override {
    return lab_power(lab_, node_, LabPower::off, deadline, stop);
  }
  Result<bool> is_on(Deadline, const std::stop_token&) override {
    return lab_power_status(lab_, node_);
  }
  std::string describe() const override { return "hypervisor of lab " + lab_; }

 private:
  std::string lab_;
  std::string node_;
};

}  // namespace

std::unique_ptr<Power> make_lab_power(const std::string& lab, const std::string& node) {
  return std::make_unique<LabNodePower>(lab, node);
}

}  // namespace ernstfall
