// statistics FILE.spv…: compiles compute pipelines by the Vulkan driver in VK_DRIVER_FILES and prints, as JSON a line,
// what its compiler says of each. The card need not exist: Mesa's RADV compiles for the one that RADV_FORCE_FAMILY names.
// With MACHINE_CODE set, leaves the machine code in FILE.spv.code.
// FILE.spv.bind holds the entry point and the bindings, set:binding:u for a uniform buffer, :s for a storage buffer.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define CHECK(call) do { VkResult result = (call); if (result) { fprintf(stderr, "%s: %d\n", #call, result); exit(1); } } while (0)
#define SETS 4
#define MOST 64

static VkDevice device_of(VkPhysicalDevice physical) {
  static float priority = 1;
  static const char *extensions[] = {"VK_KHR_pipeline_executable_properties"};
  static VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR statistics = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR};
  VkPhysicalDeviceVulkan13Features v13 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &statistics};
  VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, &v13};
  VkPhysicalDeviceVulkan11Features v11 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, &v12};
  VkPhysicalDeviceFeatures2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v11};
  vkGetPhysicalDeviceFeatures2(physical, &all);
  VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &all, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue, .enabledExtensionCount = 1, .ppEnabledExtensionNames = extensions};
  VkDevice device;
  CHECK(vkCreateDevice(physical, &info, 0, &device));
  return device;
}

static VkShaderModule module_of(VkDevice device, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(1); }
  fseek(file, 0, SEEK_END);
  size_t length = ftell(file);
  rewind(file);
  uint32_t *code = malloc(length);
  if (fread(code, 1, length, file) != length) { perror(path); exit(1); }
  fclose(file);
  VkShaderModuleCreateInfo info = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = length, .pCode = code};
  VkShaderModule module;
  CHECK(vkCreateShaderModule(device, &info, 0, &module));
  return module;
}

static VkPipelineLayout layout_of(VkDevice device, const char *path, char entry[128]) {
  char name[4096];
  snprintf(name, sizeof name, "%s.bind", path);
  FILE *file = fopen(name, "r");
  if (!file || fscanf(file, "%127s", entry) != 1) { perror(name); exit(1); }
  VkDescriptorSetLayoutBinding bindings[SETS][MOST];
  int counts[SETS] = {0}, set, binding;
  char type;
  while (fscanf(file, "%d:%d:%c", &set, &binding, &type) == 3)
    bindings[set][counts[set]++] = (VkDescriptorSetLayoutBinding){binding, type == 'u' ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT};
  fclose(file);
  VkDescriptorSetLayout sets[SETS];
  for (set = 0; set < SETS; set++) {
    VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = counts[set], .pBindings = bindings[set]};
    CHECK(vkCreateDescriptorSetLayout(device, &info, 0, &sets[set]));
  }
  VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = SETS, .pSetLayouts = sets};
  VkPipelineLayout layout;
  CHECK(vkCreatePipelineLayout(device, &info, 0, &layout));
  return layout;
}

static void leave_machine_code(VkDevice device, const VkPipelineExecutableInfoKHR *executable, const char *path) {
  PFN_vkGetPipelineExecutableInternalRepresentationsKHR read = (PFN_vkGetPipelineExecutableInternalRepresentationsKHR)vkGetDeviceProcAddr(device, "vkGetPipelineExecutableInternalRepresentationsKHR");
  VkPipelineExecutableInternalRepresentationKHR texts[MOST];
  for (int at = 0; at < MOST; at++) texts[at] = (VkPipelineExecutableInternalRepresentationKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR};
  uint32_t count = MOST;
  CHECK(read(device, executable, &count, texts));
  for (uint32_t at = 0; at < count; at++) texts[at].pData = malloc(texts[at].dataSize);
  CHECK(read(device, executable, &count, texts));
  char name[4096];
  snprintf(name, sizeof name, "%s.code", path);
  for (uint32_t at = 0; at < count; at++)
    if (strcasestr(texts[at].name, "assembly")) {
      FILE *file = fopen(name, "w");
      if (!file) { perror(name); exit(1); }
      fputs(texts[at].pData, file);
      fclose(file);
    }
  for (uint32_t at = 0; at < count; at++) free(texts[at].pData);
}

static void report(VkDevice device, const char *card, const char *path) {
  char entry[128];
  VkPipelineLayout layout = layout_of(device, path, entry);
  VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | (getenv("MACHINE_CODE") ? VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR : 0),
    .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT, .module = module_of(device, path), .pName = entry}, .layout = layout};
  VkPipeline pipeline;
  CHECK(vkCreateComputePipelines(device, 0, 1, &info, 0, &pipeline));
  PFN_vkGetPipelineExecutableStatisticsKHR read = (PFN_vkGetPipelineExecutableStatisticsKHR)vkGetDeviceProcAddr(device, "vkGetPipelineExecutableStatisticsKHR");
  VkPipelineExecutableInfoKHR executable = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
  VkPipelineExecutableStatisticKHR statistics[MOST];
  for (int at = 0; at < MOST; at++) statistics[at] = (VkPipelineExecutableStatisticKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
  uint32_t count = MOST;
  CHECK(read(device, &executable, &count, statistics));
  printf("{\"card\":\"%s\",\"file\":\"%s\"", card, path);
  for (uint32_t at = 0; at < count; at++)
    if (statistics[at].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR) printf(",\"%s\":%g", statistics[at].name, statistics[at].value.f64);
    else printf(",\"%s\":%lld", statistics[at].name, (long long)statistics[at].value.i64);
  printf("}\n");
  if (getenv("MACHINE_CODE")) leave_machine_code(device, &executable, path);
}

int main(int count, char **files) {
  VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3};
  VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &application};
  VkInstance instance;
  CHECK(vkCreateInstance(&info, 0, &instance));
  VkPhysicalDevice physical;
  uint32_t one = 1;
  vkEnumeratePhysicalDevices(instance, &one, &physical);
  if (one == 0) { fprintf(stderr, "the driver has no card\n"); return 1; }
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(physical, &properties);
  VkDevice device = device_of(physical);
  for (int at = 1; at < count; at++) report(device, properties.deviceName, files[at]);
}
