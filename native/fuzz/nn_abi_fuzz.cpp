/* The functions of invp/nn.h and invp/group.h with drawn arguments, on a tiny network and a group
 * of one; see call.h. LibTorch itself is not instrumented. */
#include <unistd.h>

#include "call.h"
#include "invp/group.h"
#include "invp/nn.h"

namespace {

using invp::fuzz::Call;
using invp::fuzz::Choices;

constexpr int32_t kDimension = 3, kClasses = 4;

void require_ok(int32_t status, const char* what) {
  if (status == INVP_OK) return;
  char text[512] = "";
  invp_nn_last_error(text, sizeof text);
  invp::fuzz::fail(std::string(what) + ": " + text);
}

invp_nn_network_options small() {
  invp_nn_network_options options{};
  options.architecture = 18;
  options.stem = INVP_NN_STEM_CIFAR;
  options.channels = 1;
  options.width = 2;
  options.dimension = kDimension;
  options.head = INVP_NN_HEAD_LINEAR;
  return options;
}

/* What all calls work on. */
struct Things {
  invp_nn_network* network = nullptr;
  invp_nn_classifier* classifier = nullptr;
  invp_nn_sgd *sgd = nullptr, *backbone_sgd = nullptr, *classifier_sgd = nullptr;
  invp_nn_group* group = nullptr;
  int64_t features = 0, tensors = 0, blocks = 0, classifier_tensors = 0;

  Things() {
    const auto options = small();
    require_ok(invp_nn_set_threads(1), "threads");
    require_ok(invp_nn_network_create(&options, 1, &network), "network");
    require_ok(invp_nn_network_feature_dimension(network, &features), "features");
    require_ok(invp_nn_network_tensor_count(network, &tensors), "tensors");
    require_ok(invp_nn_network_block_count(network, &blocks), "blocks");
    const invp_nn_classifier_options linear{features, kClasses, INVP_NN_INPUTS_BATCH, 0};
    require_ok(invp_nn_classifier_create(&linear, 1, &classifier), "classifier");
    require_ok(invp_nn_classifier_tensor_count(classifier, &classifier_tensors), "tensors");
    require_ok(invp_nn_sgd_create(network, 0.9, 0, 0, &sgd), "sgd");
    require_ok(invp_nn_sgd_create_backbone(network, 0.9, 0, 0, &backbone_sgd), "sgd");
    require_ok(invp_nn_sgd_create_classifier(classifier, 0.9, 0, 0, &classifier_sgd), "sgd");
    // Without a free port there is none, and its calls are refused.
    for (int32_t i = 0; group == nullptr && i < 20; ++i)
      invp_nn_group_create("127.0.0.1", 20000 + (getpid() * 7 + i) % 20000, 0, 1, 10'000, nullptr,
                           nullptr, &group);
  }

  static const Things& instance() {
    static const Things things;
    return things;
  }
};

/* A handle, now and then NULL. */
template <typename Handle>
Handle* some(Call& call, Handle* handle) {
  return call.choices().once_in(60) ? nullptr : handle;
}

int32_t index_of(Call& call, int64_t count) { return call.choice(static_cast<int32_t>(count) - 1); }

/* Images that the network takes. */
struct Images {
  int64_t batch, height, width;
  const float* pixels;

  explicit Images(Call& call)
      : batch(call.size(4)),
        height(call.size(6)),
        width(call.size(6)),
        pixels(call.floats({batch, 1, height, width})) {}
};

int32_t create(Call& call, const Things&) {
  auto options = small();
  options.architecture = call.choices().one_of({18, 18, 18, 34, 50, 0, -18, 19});
  options.stem = call.choice(1);
  options.channels = call.choices().one_of({1, 3, 0, -1});
  options.width = call.choices().one_of({1, 2, 3, 0, -1, 4097});
  options.dimension = call.choices().one_of({1, 4, 0, -1});
  options.head = call.choice(1);
  options.head_hidden = call.choices().one_of({1, 3, 0, -1});
  options.head_batch_norm = call.choice(1);
  options.initialisation = call.choice(1);
  options.device = call.choices().once_in(10) ? call.choice(1) : 0;
  options.device_index = call.choices().once_in(10) ? call.choice(2) : 0;
  options.precision = call.choices().once_in(4) ? call.choice(2) : 0;
  const bool cpu = options.device != INVP_NN_DEVICE_CUDA;
  invp_nn_network* made = nullptr;
  const auto* const given = call.choices().once_in(30) ? nullptr : &options;
  int32_t status = invp_nn_network_create(given, 7, call.choices().once_in(30) ? nullptr : &made);
  if (made != nullptr) status = invp_nn_network_destroy(made);
  invp_nn_network_destroy(nullptr);
  call.begin();
  // That this machine has no such device is nobody's fault.
  return cpu || status != INVP_BACKEND_FAILURE ? status : INVP_INVALID_ARGUMENT;
}

int32_t create_classifier(Call& call, const Things& things) {
  const invp_nn_classifier_options options{
      call.choices().one_of({int64_t{1}, int64_t{5}, int64_t{0}, int64_t{-1}, INT64_MAX}),
      call.choices().one_of({1, 3, 0, -1, 1 << 21}), call.choice(2), call.positive(0.01f)};
  invp_nn_classifier* made = nullptr;
  const auto* const given = call.choices().once_in(30) ? nullptr : &options;
  int32_t status =
      invp_nn_classifier_create(given, 7, call.choices().once_in(30) ? nullptr : &made);
  if (made != nullptr) status = invp_nn_classifier_destroy(made);
  invp_nn_classifier_destroy(nullptr);
  invp_nn_sgd* sgd = nullptr;
  if (call.choices().once_in(2)) {
    const auto function = call.choices().one_of({invp_nn_sgd_create, invp_nn_sgd_create_backbone});
    status = function(some(call, things.network), call.positive(0.9f), call.positive(0.1f),
                      call.choice(1), call.choices().once_in(30) ? nullptr : &sgd);
    if (sgd != nullptr) status = invp_nn_sgd_destroy(sgd);
  }
  invp_nn_sgd_destroy(nullptr);
  call.begin();
  return status;
}

int32_t forward(Call& call, const Things& things) {
  const Images images(call);
  auto* const embeddings = call.output<float>({images.batch, kDimension});
  auto* const network = some(call, things.network);
  const int64_t batch =
      call.choices().once_in(8) ? call.choices().one_of({-1, 0, 1, 2}) : images.batch;
  call.begin();
  const int32_t status = invp_nn_network_forward(network, images.pixels, images.batch,
                                                 images.height, images.width, embeddings);
  if (status != INVP_OK || call.choices().once_in(4)) return status;
  const std::vector<float> gradient(static_cast<size_t>(batch > 0 ? batch : 1) * kDimension, 0.1f);
  const int32_t back = invp_nn_network_backward(network, gradient.data(), batch);
  // What the forward wrote stays, and is no fault of a backward that is refused.
  return back == INVP_INVALID_ARGUMENT ? INVP_OK : back;
}

int32_t backward(Call& call, const Things& things) {
  const int64_t batch = call.size(4);
  const auto* const gradient = call.floats({batch, kDimension});
  call.begin();
  return invp_nn_network_backward(some(call, things.network), gradient, batch);
}

int32_t embed(Call& call, const Things& things) {
  const Images images(call);
  auto* const features = call.optional_output<float>({images.batch, things.features});
  auto* const embeddings = call.optional_output<float>({images.batch, kDimension});
  call.begin();
  return invp_nn_network_embed(some(call, things.network), images.pixels, images.batch,
                               images.height, images.width, features, embeddings);
}

int32_t block_features(Call& call, const Things& things) {
  const int64_t blocks = call.choices().once_in(20) ? call.size(12) : things.blocks;
  // Few and small, so that what they yield can be allotted.
  const Images images(call);
  const auto* const pool = call.ids({blocks}, 0, 3);
  int64_t floats = 0;
  for (int64_t b = 0; pool != nullptr && b < blocks; ++b) {
    int64_t channels = 0, reduction = 0;
    if (invp_nn_network_block_info(things.network, b, nullptr, 0, &channels, &reduction) ==
            INVP_OK &&
        pool[b] > 0 && pool[b] < 100)
      floats += images.batch * channels * pool[b] * pool[b];
  }
  if (call.choices().once_in(10)) floats = call.size(1000);
  auto* const features = call.output<float>({floats});
  call.begin();
  return invp_nn_network_block_features(some(call, things.network), images.pixels, images.batch,
                                        images.height, images.width, pool, blocks, features,
                                        floats);
}

/* The tensors of the network or of the classifier. */
int32_t tensors(Call& call, const Things& things) {
  const bool whole = call.choices().once_in(2);
  const int32_t index = index_of(call, whole ? things.tensors : things.classifier_tensors);
  int64_t bytes = 4, shape[INVP_NN_MAX_RANK] = {};
  int32_t dtype = 0, rank = 0, trainable = 0;
  char name[16];
  auto* const text = call.choices().once_in(4) ? nullptr : name;
  const int64_t room = text == nullptr ? call.size(20) : call.choices().between(-2, sizeof name);
  const int32_t known = whole ? invp_nn_network_tensor_info(things.network, index, text, room,
                                                            &dtype, &rank, shape, &trainable)
                              : invp_nn_classifier_tensor_info(things.classifier, index, text, room,
                                                               &dtype, &rank, shape, &trainable);
  if (known == INVP_OK) {
    bytes = dtype == INVP_NN_INT64 ? 8 : 4;
    for (int32_t i = 0; i < rank; ++i) bytes *= shape[i];
  }
  if (call.choices().once_in(10)) bytes = call.size(100);
  const int32_t what = call.choice(5);
  auto* const network = some(call, things.network);
  auto* const classifier = some(call, things.classifier);
  if (what == 0) {
    auto* const out = call.output<unsigned char>({bytes});
    call.begin();
    return whole ? invp_nn_network_tensor_read(network, index, out, bytes)
                 : invp_nn_classifier_tensor_read(classifier, index, out, bytes);
  }
  if (what == 1) {
    // Zeros: values that are not finite are allowed, but would be all that later calls see.
    const auto* const in = call.input<unsigned char>({bytes});
    call.begin();
    return whole ? invp_nn_network_tensor_write(network, index, in, bytes)
                 : invp_nn_classifier_tensor_write(classifier, index, in, bytes);
  }
  auto* const out = call.output<float>({bytes / 4});
  if (bytes % 4 != 0) bytes = bytes / 4 * 4;
  call.begin();
  if (what == 2)
    return whole ? invp_nn_network_gradient_read(network, index, out, bytes)
                 : invp_nn_classifier_gradient_read(classifier, index, out, bytes);
  auto* const sgd = some(call, whole ? things.sgd : things.classifier_sgd);
  return what == 3 ? invp_nn_sgd_momentum_read(sgd, index, out, bytes)
                   : invp_nn_sgd_momentum_write(sgd, index, out, bytes);
}

int32_t step(Call& call, const Things& things) {
  const double rate = call.positive(0.01f);
  auto* const sgd = call.choices().one_of(
      {things.sgd, things.backbone_sgd, things.classifier_sgd, static_cast<invp_nn_sgd*>(nullptr)});
  call.begin();
  if (call.choices().once_in(8)) invp_nn_sgd_clear_momentum(sgd);
  if (call.choices().once_in(8)) invp_nn_network_clear_gradients(things.network);
  return invp_nn_sgd_step(sgd, rate);
}

int32_t classify(Call& call, const Things& things) {
  const int64_t batch = call.size(4);
  auto* const classifier = some(call, things.classifier);
  const auto* const inputs = call.floats({batch, things.features});
  const int32_t what = call.choices().between(0, 2);
  if (what == 0) {
    auto* const logits = call.output<float>({batch, kClasses});
    call.begin();
    return invp_nn_classifier_logits(classifier, inputs, batch, logits);
  }
  const auto* const labels =
      what == 1 ? call.ids({batch}, 0, kClasses) : call.ids({batch, kClasses}, -1, 2);
  auto* const logits = call.optional_output<float>({batch, kClasses});
  auto* const loss = call.output<double>({1});
  call.begin();
  const auto function =
      what == 1 ? invp_nn_classifier_cross_entropy : invp_nn_classifier_binary_cross_entropy;
  return function(classifier, inputs, batch, labels, logits, loss);
}

int32_t tune(Call& call, const Things& things) {
  const Images images(call);
  const auto* const labels = call.ids({images.batch}, 0, kClasses);
  auto* const logits = call.optional_output<float>({images.batch, kClasses});
  auto* const loss = call.output<double>({1});
  const int32_t statistics = call.choice(1);
  call.begin();
  return invp_nn_network_cross_entropy(some(call, things.network), some(call, things.classifier),
                                       images.pixels, images.batch, images.height, images.width,
                                       labels, statistics, logits, loss);
}

int32_t settings(Call& call, const Things& things) {
  int32_t no_stream = 0;
  switch (call.choices().between(0, 4)) {
    case 0:
      return invp_nn_set_threads(call.choices().one_of({0, -1, 1, 2}));
    case 1:
      return invp_nn_network_set_loss_scale(things.network, call.positive(1), call.size(9));
    case 2:
      return invp_nn_network_set_stream(some(call, things.network), &no_stream);
    case 3:
      return invp_nn_network_block_info(some(call, things.network), index_of(call, things.blocks),
                                        nullptr, -1, nullptr, nullptr);
    default:
      break;
  }
  auto* const scale = call.output<float>({1});
  auto* const steps = call.output<int32_t>({1});
  call.begin();
  return invp_nn_network_loss_scale(some(call, things.network), scale, steps);
}

int32_t groups(Call& call, const Things&) {
  // Never one that would wait for others.
  invp_nn_group* made = nullptr;
  const char* const host = call.choices().one_of({"127.0.0.1", static_cast<const char*>(nullptr)});
  const int32_t wrong = call.choice(3);
  const int32_t port = wrong == 0 ? call.choices().one_of({0, -1, 65536}) : 1;
  const int32_t rank = wrong == 1 ? call.choices().one_of({-1, 1, INT32_MAX}) : 0;
  const int32_t size = wrong == 2 ? call.choices().one_of({0, -1, INT32_MIN}) : 1;
  const bool bad = host == nullptr || (wrong >= 0 && wrong < 3);
  const int64_t timeout = call.choices().one_of({int64_t{0}, int64_t{-1}, INT64_MIN});
  const int32_t status = invp_nn_group_create(host, port, rank, size, bad ? 1000 : timeout, nullptr,
                                              nullptr, call.choices().once_in(8) ? nullptr : &made);
  invp_nn_group_destroy(nullptr);
  call.begin();
  return status == INVP_OK ? INVP_INTERNAL_ERROR : status;
}

int32_t collective(Call& call, const Things& things) {
  auto* const group = things.group == nullptr ? nullptr : some(call, things.group);
  const int64_t count = call.size(20);
  const int32_t type = call.choice(3), operation = call.choice(2);
  const int64_t bytes = type == INVP_NN_GROUP_FLOAT32 || type == INVP_NN_GROUP_INT32 ? 4 : 8;
  const int32_t what = call.choice(4);
  if (what == 0 || what == 1) {
    auto* const data = call.output<unsigned char>({count, bytes});
    const int32_t root = call.choice(0);
    call.begin();
    return what == 0 ? invp_nn_group_all_reduce(group, data, count, type, operation)
                     : invp_nn_group_broadcast(group, data, count, type, root);
  }
  const auto* const in = call.input<unsigned char>({count, bytes});
  auto* const out = call.output<unsigned char>({count, bytes});
  call.begin();
  if (what == 2) return invp_nn_group_all_gather(group, in, count, type, out);
  return what == 3 ? invp_nn_group_reduce_scatter(group, in, count, type, operation, out)
                   : invp_nn_group_all_to_all(group, in, count, type, out);
}

int32_t store(Call& call, const Things& things) {
  auto* const group = things.group == nullptr ? nullptr : some(call, things.group);
  const char* const key = call.choices().one_of({"a", "b", "", static_cast<const char*>(nullptr)});
  const int64_t capacity = call.size(20);
  if (call.choices().once_in(2)) {
    const auto* const value = call.input<unsigned char>({capacity});
    call.begin();
    return invp_nn_group_store_set(group, key, value, capacity);
  }
  auto* const value = call.output<unsigned char>({capacity});
  auto* const bytes = call.output<int64_t>({1});
  const int64_t timeout = call.choices().one_of({int64_t{0}, int64_t{-1}, int64_t{1}, INT64_MIN});
  call.begin();
  return invp_nn_group_store_get(group, key, timeout, value, capacity, bytes);
}

using Function = int32_t (*)(Call&, const Things&);

constexpr struct {
  const char* name;
  Function call;
} kFunctions[] = {{"network_create", create},
                  {"classifier_create or sgd_create", create_classifier},
                  {"forward and backward", forward},
                  {"backward", backward},
                  {"embed", embed},
                  {"block_features", block_features},
                  {"tensors, gradients and momentum", tensors},
                  {"sgd_step", step},
                  {"classifier", classify},
                  {"network_cross_entropy", tune},
                  {"settings", settings},
                  {"group_create", groups},
                  {"collectives", collective},
                  {"store", store}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Things& things = Things::instance();
  Choices choices(data, size);
  const auto& function = kFunctions[choices.number() % std::size(kFunctions)];
  Call call(function.name, choices);
  call.end(function.call(call, things), invp_nn_last_error);
  return 0;
}
