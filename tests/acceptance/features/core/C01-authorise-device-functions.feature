Feature: C01 An organisation calls those functions of a device that its function group holds

  Scenario Outline: One group
    Given the meter "TEST1024000010100" of "DSMR 4.2.2" for which "GridTwo" holds <group> alone
    Then "GridTwo" may use exactly <functions> of "TEST1024000010100"

    Examples:
      | group               | functions                                                                                                              |
      | OWNER               | GET_DEVICE_AUTHORIZATION GET_FIRMWARE_VERSION UPDATE_FIRMWARE SET_DEVICE_AUTHORIZATION REQUEST_ACTUAL_METER_DATA REMOVE_DEVICE |
      | INSTALLATION        | GET_DEVICE_AUTHORIZATION                                                                                               |
      | AD_HOC              | GET_DEVICE_AUTHORIZATION                                                                                               |
      | MANAGEMENT          | GET_DEVICE_AUTHORIZATION REMOVE_DEVICE                                                                                 |
      | FIRMWARE            | GET_DEVICE_AUTHORIZATION GET_FIRMWARE_VERSION UPDATE_FIRMWARE                                                          |
      | SCHEDULING          | GET_DEVICE_AUTHORIZATION                                                                                               |
      | TARIFF_SCHEDULING   | GET_DEVICE_AUTHORIZATION                                                                                               |
      | CONFIGURATION       | GET_DEVICE_AUTHORIZATION                                                                                               |
      | MONITORING          | GET_DEVICE_AUTHORIZATION                                                                                               |
      | METADATA_MANAGEMENT |                                                                                                                        |
