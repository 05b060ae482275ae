Feature: C20 to C22 Devices, what was told of them and what waits for them are found

  Scenario: C20 One device on a page
    Given the meter "TEST1024000012000" of "DSMR 4.2.2"
    When "GridOne" calls FindDevices of CoreDeviceManagement with
      | path                                 | value             |
      | PageSize                             | 25                |
      | Page                                 | 0                 |
      | DeviceFilter/DeviceIdentification    | TEST1024000012000 |
      | DeviceFilter/HasTechnicalInstallation | false            |
    Then the answer has
      | path                                    | value             |
      | Devices/1/DeviceIdentification          | TEST1024000012000 |
      | Devices/1/Owner                         | GridOne           |
      | Devices/1/DeviceType                    | SMART_METER_E     |

  Scenario: C20 Those whose names begin alike, in order
    Given the meter "LMD00000000000012" of "DSMR 4.2.2"
    And the meter "LMD00000000000011" of "DSMR 4.2.2"
    And the meter "LMD00000000000014" of "DSMR 4.2.2"
    And the meter "LMD00000000000013" of "DSMR 4.2.2"
    When "GridOne" calls FindDevices of CoreDeviceManagement with
      | path                                  | value                |
      | PageSize                              | 5                    |
      | Page                                  | 0                    |
      | DeviceFilter/DeviceIdentification     | LMD0*               |
      | DeviceFilter/SortDir                  | ASC                  |
      | DeviceFilter/SortedBy                 | deviceIdentification |
      | DeviceFilter/HasTechnicalInstallation | false                |
    Then the answer has
      | path                           | value             |
      | Devices/1/DeviceIdentification | LMD00000000000011 |
      | Devices/2/DeviceIdentification | LMD00000000000012 |
      | Devices/3/DeviceIdentification | LMD00000000000013 |
      | Devices/4/DeviceIdentification | LMD00000000000014 |

  Scenario: C22 What waits for its time
    Given the meter "TEST1024000012200" of "DSMR 4.2.2"
    And the meter "TEST1024000012201" of "DSMR 4.2.2"
    And the manufacturer "SIM" with the model "FLEET"
    And the firmware file "FILE_22" for "FLEET" by "SIM"
    And UpdateFirmware of "FILE_22" waits for "TEST1024000012200" until tomorrow
    And UpdateFirmware of "FILE_22" waits for "TEST1024000012201" until tomorrow
    When "GridOne" calls FindScheduledTasks of CoreDeviceManagement
    Then UPDATE_FIRMWARE of "GridOne" is listed for "TEST1024000012200" and "TEST1024000012201"
