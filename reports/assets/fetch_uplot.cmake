# fetch_uplot: unpacks uPlot from its npm package into FOLDER, after checking what came.
set(version 1.6.32)
set(sha512 2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023)
set(archive ${FOLDER}/uplot-${version}.tgz)

file(MAKE_DIRECTORY ${FOLDER})
set(have "")
if(EXISTS ${archive})
  file(SHA512 ${archive} have)
endif()
if(NOT have STREQUAL sha512)
  if(NOT NPM)
    message(FATAL_ERROR "npm is needed to fetch uPlot ${version}: apt-get install npm")
  endif()
  execute_process(
    COMMAND ${NPM} pack uplot@${version} --prefer-offline --ignore-scripts --loglevel=error
    WORKING_DIRECTORY ${FOLDER} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE why)
  if(failed)
    message(FATAL_ERROR "npm pack uplot@${version} failed: ${why}")
  endif()
  file(SHA512 ${archive} have)
  if(NOT have STREQUAL sha512)
    file(REMOVE ${archive})
    message(FATAL_ERROR "uplot ${version} is not what it was: SHA-512 is ${have}, expected ${sha512}")
  endif()
endif()
file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${FOLDER})
file(GLOB_RECURSE unpacked ${FOLDER}/package/*)
file(TOUCH ${unpacked})  # the archive's times are years old, and a build goes by times
