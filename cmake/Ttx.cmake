# Compiler settings, dependencies and the helpers every CMakeLists.txt here uses:
#   ttx_proto(NAME file...)                                 one static library of generated code
#   ttx_descriptors(NAME HEADER NAMESPACE FILES)            the comments of protos, for programs that show them
#   ttx_library(NAME SRCS ... DEPS ... [TESTS x_test.cc...]) one folder = one library, its tests beside it
#   ttx_test(NAME SRCS ... DEPS ... [LABEL ...] [TIMEOUT s]) a test program of its own

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(TTX_SANITIZE "" CACHE STRING "address, thread or empty")
option(TTX_PORTABLE_ONLY "Build only what links neither gRPC nor RocksDB (for ThreadSanitizer)" OFF)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Werror=unused-result
                    -Werror=return-type -Werror=switch -Werror=shadow)
if(TTX_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TTX_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

find_program(TTX_CCACHE ccache)
if(TTX_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TTX_CCACHE})
endif()
find_program(TTX_MOLD mold)
if(TTX_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Programs allocate with jemalloc, as RocksDB advises; the sanitizers bring an allocator of their own.
set(TTX_ALLOCATOR "")
if(NOT TTX_SANITIZE)
  find_library(TTX_JEMALLOC jemalloc REQUIRED)
  set(TTX_ALLOCATOR ${TTX_JEMALLOC})
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
if(NOT TTX_PORTABLE_ONLY)
  find_package(Boost 1.81 REQUIRED COMPONENTS system)
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
  find_package(RocksDB CONFIG REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_path(TTX_GOOGLEAPIS google/api/annotations.proto
            PATHS /usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis REQUIRED)
  find_program(TTX_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
endif()

# One include root (the repository) plus the folder of generated code.
set(TTX_GENERATED ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${TTX_GENERATED})

# ttx_proto(NAME [GRPC] [GOOGLE] [DEPS target...] FILES path-from-root...): GRPC also makes service stubs; GOOGLE
# takes the files from the google/api and google/rpc protos of the system instead of the repository.
function(ttx_proto NAME)
  cmake_parse_arguments(P "GRPC;GOOGLE" "" "DEPS;FILES" ${ARGN})
  set(root ${CMAKE_SOURCE_DIR})
  if(P_GOOGLE)
    set(root ${TTX_GOOGLEAPIS})
  endif()
  set(sources)
  foreach(file ${P_FILES})
    # Imports are written from proto/ ("ttx/..."), private records from the repository root ("services/...").
    set(path ${root}/${file})
    set(base ${file})
    if(NOT P_GOOGLE AND file MATCHES "^proto/")
      string(REGEX REPLACE "^proto/" "" base ${file})
    endif()
    string(REGEX REPLACE "\\.proto$" "" base ${base})
    set(outputs ${TTX_GENERATED}/${base}.pb.cc ${TTX_GENERATED}/${base}.pb.h)
    set(plugin_args)
    if(P_GRPC)
      list(APPEND outputs ${TTX_GENERATED}/${base}.grpc.pb.cc ${TTX_GENERATED}/${base}.grpc.pb.h)
      set(plugin_args --grpc_out=${TTX_GENERATED} --plugin=protoc-gen-grpc=${TTX_GRPC_PLUGIN})
    endif()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc -I ${CMAKE_SOURCE_DIR}/proto -I ${TTX_GOOGLEAPIS} -I ${CMAKE_SOURCE_DIR}
              --cpp_out=${TTX_GENERATED} ${plugin_args} ${path}
      DEPENDS ${path}
      COMMENT "protoc ${base}"
      VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()
  add_library(${NAME} STATIC ${sources})
  target_include_directories(${NAME} SYSTEM PUBLIC ${TTX_GENERATED})
  # Generated code is not ours to test: the sanitizers would only double what it costs to compile.
  target_compile_options(${NAME} PRIVATE -w $<$<BOOL:${TTX_SANITIZE}>:-fno-sanitize=all;-O0>)
  target_link_libraries(${NAME} PUBLIC protobuf::libprotobuf ${P_DEPS})
  if(P_GRPC)
    target_link_libraries(${NAME} PUBLIC gRPC::grpc++)
  endif()
endfunction()

# ttx_descriptors(NAME HEADER path NAMESPACE a::b FILES path-from-root...): a library whose header declares
# a::b::Descriptors(), the files as one serialized FileDescriptorSet with their comments, which generated code lacks.
function(ttx_descriptors NAME)
  cmake_parse_arguments(D "" "HEADER;NAMESPACE" "FILES" ${ARGN})
  list(TRANSFORM D_FILES PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  list(JOIN D_FILES ", " D_NAMES)
  set(descriptors ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.binpb)
  add_custom_command(
    OUTPUT ${descriptors}
    COMMAND protobuf::protoc -I ${CMAKE_SOURCE_DIR}/proto -I ${TTX_GOOGLEAPIS} -I ${CMAKE_SOURCE_DIR}
            --include_source_info --descriptor_set_out=${descriptors} ${paths}
    DEPENDS ${paths}
    COMMENT "protoc ${NAME}"
    VERBATIM)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/descriptors.h.in ${TTX_GENERATED}/${D_HEADER} @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/descriptors.cc.in ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.cc @ONLY)
  set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/${NAME}.cc PROPERTIES OBJECT_DEPENDS ${descriptors})
  add_library(${NAME} STATIC ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.cc)
  target_include_directories(${NAME} SYSTEM PUBLIC ${TTX_GENERATED})
endfunction()

function(ttx_library NAME)
  cmake_parse_arguments(L "" "" "SRCS;DEPS;TESTS;TEST_DEPS" ${ARGN})
  if(L_SRCS)
    add_library(${NAME} STATIC ${L_SRCS})
    target_include_directories(${NAME} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${NAME} PUBLIC ${L_DEPS})
  else()
    add_library(${NAME} INTERFACE)
    target_include_directories(${NAME} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${NAME} INTERFACE ${L_DEPS})
  endif()
  if(L_TESTS)
    ttx_test(${NAME}_test SRCS ${L_TESTS} DEPS ${NAME} ${L_TEST_DEPS})
  endif()
endfunction()

function(ttx_test NAME)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SRCS;DEPS;ENVIRONMENT" ${ARGN})
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(${NAME} ${T_SRCS})
  target_include_directories(${NAME} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${NAME} PRIVATE ${T_DEPS} GTest::gmock GTest::gtest_main rapidcheck)
  add_test(NAME ${NAME} COMMAND ${NAME} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${NAME} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT} ENVIRONMENT "${T_ENVIRONMENT}")
endfunction()
