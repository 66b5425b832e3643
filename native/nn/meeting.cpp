#include "meeting.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

#include "guard.h"

namespace invp::nn {
namespace {

using Time = std::chrono::steady_clock::time_point;

const std::string kJob = "invp/job";       // whose store it is
const std::string kRank = "invp/rank/";    // and a rank's number: how many have come as it
const std::string kComplete = "invp/all";  // there once all have come

const std::string kOwnPort = "set MASTER_PORT to one of its own for each job";

// A socket that listens at the loopback address alone; the store's own listens at all.
int listen_on_loopback(int port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening < 0) {
    throw BackendFailure("could not make a socket: " + std::generic_category().message(errno));
  }
  const int reuse = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  if (bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listening, SOMAXCONN) != 0) {
    const int error = errno;
    close(listening);
    throw BackendFailure("could not listen at 127.0.0.1:" + std::to_string(port) + ": " +
                         std::generic_category().message(error) + "; " + kOwnPort);
  }
  return listening;
}

c10::intrusive_ptr<c10d::TCPStore> open(const Place& place) {
  c10d::TCPStoreOptions options;
  if (place.rank == 0 && meets_on_this_machine(place)) {
    options.masterListenFd = listen_on_loopback(place.port);  // The store's from now on.
  }
  options.port = static_cast<uint16_t>(place.port);
  options.isServer = place.rank == 0;
  options.numWorkers = static_cast<size_t>(place.size);
  // Its own way to wait counts who connects, those of other jobs as well.
  options.waitWorkers = false;
  options.timeout = place.timeout;
  return c10::make_intrusive<c10d::TCPStore>(place.host, options);
}

std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::string within(const Place& place) {
  const auto milliseconds = place.timeout.count();
  return " within " + (milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                                : std::to_string(milliseconds) + " ms");
}

std::string description(const Place& place) {
  return std::to_string(place.size) + " ranks" + (place.job.empty() ? "" : ", " + place.job);
}

void require_same_job(c10d::Store& store, const Place& place, Time end) {
  if (!comes(store, kJob, end)) {
    throw BackendFailure("who listens there is no rank 0, or did not say so" + within(place));
  }
  const auto said = store.get(kJob);
  const std::string theirs(said.begin(), said.end());
  if (theirs != description(place)) {
    throw BackendFailure("another job has that port (" + theirs +
                         "; this one: " + description(place) + "); " + kOwnPort);
  }
}

void sign_in(c10d::Store& store, const Place& place) {
  if (store.add(kRank + std::to_string(place.rank), 1) > 1) {
    throw BackendFailure("another process is rank " + std::to_string(place.rank) + " there; " +
                         kOwnPort);
  }
}

std::string missing(c10d::Store& store, const Place& place) {
  std::string ranks;
  for (int32_t rank = 0; rank < place.size; rank++) {
    if (!store.check({kRank + std::to_string(rank)})) {
      ranks += (ranks.empty() ? "" : ", ") + std::to_string(rank);
    }
  }
  return ranks;
}

void wait_for_all(c10d::Store& store, const Place& place, Time end) {
  bool complete = true;
  if (place.rank == 0) {
    for (int32_t rank = 0; complete && rank < place.size; rank++) {
      complete = comes(store, kRank + std::to_string(rank), end);
    }
    if (complete) store.set(kComplete, bytes("yes"));
  } else {
    complete = comes(store, kComplete, end);
  }
  if (!complete) {
    throw BackendFailure("rank " + missing(store, place) + " did not come" + within(place));
  }
}

}  // namespace

// Nobody else is let in there: neither the store nor Gloo asks who connects.
bool meets_on_this_machine(const Place& place) {
  return place.host == "127.0.0.1" || place.host == "localhost";
}

bool comes(c10d::Store& store, const std::string& key, Time end) {
  // Not the store's own wait, which cannot be told from a lost connection.
  auto pause = std::chrono::milliseconds(1);
  while (!store.check({key})) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::milliseconds(50));
  }
  return true;
}

c10::intrusive_ptr<c10d::TCPStore> meet(const Place& place) {
  const auto end = std::chrono::steady_clock::now() + place.timeout;
  auto store = open(place);
  if (place.rank == 0) {
    store->set(kJob, bytes(description(place)));
  } else {
    require_same_job(*store, place, end);
  }
  sign_in(*store, place);
  wait_for_all(*store, place, end);
  return store;
}

}  // namespace invp::nn
